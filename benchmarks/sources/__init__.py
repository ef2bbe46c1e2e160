"""How fast each format is read."""
