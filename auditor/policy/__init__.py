"""Policy packs: loaded with located faults, linted, and selected by date and choice."""
