"""Finds `policies/` and `templates/`: beside the package in a checkout, inside the package when installed."""

from pathlib import Path
from typing import Literal

from auditor.errors import AuditorError

PACKAGE = Path(__file__).resolve().parent


def resource_dir(name: Literal["policies", "templates"]) -> Path:
    """Return the folder of shipped `policies` or `templates`.

    Raises:
        AuditorError: the installation is damaged and holds neither.
    """
    for candidate in (PACKAGE / "_data" / name, PACKAGE.parent / name):
        if candidate.is_dir():
            return candidate
    raise AuditorError(f"the installation has no {name}/ folder; reinstall tos-auditor")
