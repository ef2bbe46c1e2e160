"""Looks into dataset files: what their rows record about who wrote them, and what their text claims."""
