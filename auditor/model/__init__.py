"""The data of the product: facts, policies, conditions, findings, runs. No I/O."""
