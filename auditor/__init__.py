"""Audit your own use of other people's AI models against their terms, with evidence.

`Auditor` and `replay` are the library, `Input` names an input with its format, `Run` is what comes back, and
`AuditorError` is what is raised for faults of the input. They are imported when they are first used.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.api import Auditor, replay
    from auditor.audit import Run
    from auditor.errors import AuditorError
    from auditor.sources import Input

__version__ = "0.1.0"
__all__ = ["Auditor", "AuditorError", "Input", "Run", "__version__", "replay"]

_HOMES = {"Auditor": "api", "AuditorError": "errors", "Input": "sources", "Run": "audit", "replay": "api"}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'auditor' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(f"auditor.{_HOMES[name]}"), name)
