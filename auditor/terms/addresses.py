"""Which addresses may be connected to, and a transport that connects only to an address that was checked.

A name is resolved once, every address it has is checked, and the connection goes to one of these addresses, with the name
kept for `Host` and for TLS. A name server that answers differently a moment later gains nothing.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable

import httpx

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Host and port to the addresses of the host; raises `OSError` if there are none."""
CARRYING = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("::/96"))
"""Networks of IPv6 addresses whose last four bytes are an IPv4 address."""


class RefusedAddress(httpx.RequestError):
    """The host has an address that is not public, so it was not connected to."""


async def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host as this machine resolves it."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(item[4][0]) for item in found))


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet: not private, loopback, link-local, multicast or reserved.

    An IPv6 address that carries an IPv4 address is as public as the latter.
    """
    try:
        ip: Address = ipaddress.ip_address(address)
    except ValueError:
        return False
    inner: list[Address | None] = []
    if isinstance(ip, ipaddress.IPv6Address):
        last = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if any(ip in network for network in CARRYING) else None
        inner = [ip.ipv4_mapped, ip.sixtofour, last, *(ip.teredo or ())]
    carried = [address for address in inner if address is not None]
    return all(one.is_global and not one.is_multicast for one in carried or [ip])


class CheckedTransport(httpx.AsyncBaseTransport):
    """A transport that checks every address of a host and connects to one that it has checked.

    Args:
        inner: makes the connection. It must keep no connections, for they would be kept by address and not by name.
        resolve: how names become addresses.
        allowed: whether an address may be connected to, such as `is_public`.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, resolve: Resolve, allowed: Callable[[str], bool]) -> None:
        self.inner = inner
        self.resolve = resolve
        self.allowed = allowed

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to a checked address of its host, the next one if one does not answer."""
        host = request.url.host
        try:
            addresses = await self.resolve(host, request.url.port or (443 if request.url.scheme == "https" else 80))
        except OSError as error:
            raise httpx.ConnectError(
                f"the name {host} cannot be resolved: {error.strerror}", request=request
            ) from error
        private = [address for address in addresses if not self.allowed(address)]
        if private:
            raise RefusedAddress(f"{host} has the address {private[0]}, which is not public", request=request)
        for address in addresses[:-1]:
            try:
                return await self.inner.handle_async_request(_at(request, address))
            except httpx.ConnectError:
                continue
        if not addresses:
            raise httpx.ConnectError(f"the name {host} has no address", request=request)
        return await self.inner.handle_async_request(_at(request, addresses[-1]))

    async def aclose(self) -> None:
        """Close the transport."""
        await self.inner.aclose()


def _at(request: httpx.Request, address: str) -> httpx.Request:
    """The request with the address in place of the name; `Host` and the name for TLS stay what they were."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions=request.extensions | {"sni_hostname": request.url.host},
    )
