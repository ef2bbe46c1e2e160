"""Credentials: where they come from, how they are sent, and that they show up nowhere else."""

import base64
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from urllib.parse import quote

from auditor.errors import AuditorError, Fault
from auditor.pull.endpoint import Credential

SERVICE = "auditor"
HIDDEN = "[hidden]"
SHORTEST = 6
"""Shorter secrets are not looked for in texts: they would be found everywhere."""

Lookup = Callable[[str], str | None]


def lookup(environment: Mapping[str, str] = os.environ) -> Lookup:
    """Return a function that gives the value of a variable of the environment, or else what the keyring holds under it."""

    def find(name: str) -> str | None:
        return (environment.get(name) or _from_keyring(name) or "").strip() or None

    return find


def _from_keyring(name: str) -> str | None:
    try:
        keyring = import_module("keyring")
        errors = import_module("keyring.errors")
    except ImportError:
        return None
    try:
        value: str | None = keyring.get_password(SERVICE, name)
    except errors.KeyringError:
        return None
    return value


@dataclass(frozen=True)
class Secrets:
    """The values of the credentials in use, by variable; never printed."""

    values: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Secrets({', '.join(self.values)})"

    def header(self, credential: Credential) -> tuple[str, str]:
        """Return the header that carries `credential`."""
        values = [self.values[name] for name in credential.variables]
        if credential.scheme == "basic":
            return credential.header, f"Basic {base64.b64encode(':'.join(values).encode()).decode()}"
        return credential.header, f"{credential.scheme} {values[0]}".strip()

    def _forms(self) -> list[str]:
        """Every way in which a secret may be written, the longest first."""
        values = [value for value in self.values.values() if len(value) >= SHORTEST]
        pairs = [":".join(self.values.values())] if len(self.values) > 1 else []
        found = {form for value in values for form in (value, quote(value, safe=""), repr(value)[1:-1])}
        found |= {base64.b64encode(value.encode()).decode() for value in (*values, *pairs)}
        return sorted(found, key=len, reverse=True)

    def hide(self, text: str) -> str:
        """Return `text` without the secrets."""
        for form in self._forms():
            text = text.replace(form, HIDDEN)
        return text

    def hidden(self, error: AuditorError) -> AuditorError:
        """Return `error` with messages without the secrets."""
        faults = [Fault(fault.location, self.hide(fault.message), self.hide(fault.hint)) for fault in error.faults]
        return type(error)(self.hide(error.message), faults)

    def stand_in(self, content: bytes) -> bool:
        """Return whether `content` holds one of the secrets."""
        return any(form.encode() in content for form in self._forms())


def find_secrets(credentials: Iterable[Credential], find: Lookup) -> tuple[Secrets, list[Credential]]:
    """Return the secrets that are there, and the credentials of which one is missing.

    Raises:
        AuditorError: one cannot be sent.
    """
    values: dict[str, str] = {}
    missing: list[Credential] = []
    for credential in dict.fromkeys(credentials):
        found = {name: value for name in credential.variables if (value := find(name))}
        if len(found) < len(credential.variables):
            missing.append(credential)
        if bad := [name for name, value in found.items() if not (value.isascii() and value.isprintable())]:
            raise AuditorError(f"what is in {bad[0]} is no credential: it holds line breaks or letters that none has")
        values |= found
    return Secrets(values), missing
