"""Network addresses: whether one lies in a network, as every engine must answer it."""

import ipaddress
from functools import lru_cache


@lru_cache(maxsize=65536)
def in_network(address: str | None, network: str) -> bool | None:
    """Return whether `address` lies in `network` (CIDR); None if it is no address. IPv4 written as IPv6 counts as IPv4."""
    try:
        ip = ipaddress.ip_address(address or "")
    except ValueError:
        return None
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return (mapped or ip) in ipaddress.ip_network(network)
