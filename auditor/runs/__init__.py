"""The run folder, its manifest and its ledger."""
