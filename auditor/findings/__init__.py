"""Findings: collected from hits, waived, and concluded into verdicts."""
