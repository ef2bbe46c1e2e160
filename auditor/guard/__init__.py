"""The guard: stops a data pipeline from training on what it may not. `check` is its library; the rest is imported when used."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.guard.assess import check
    from auditor.guard.outcome import Report

__all__ = ["Report", "check"]
_HOMES = {"check": "assess", "Report": "outcome"}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'auditor.guard' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(f"auditor.guard.{_HOMES[name]}"), name)
