"""Audit your own use of other people's AI models against their terms, with evidence."""

__version__ = "0.1.0"
