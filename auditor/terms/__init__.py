"""Watching providers' terms for change: text to sections, sources, the state that is kept, and the check itself."""
