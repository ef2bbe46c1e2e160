"""The rule core: conditions to SQL, windows, evaluation, and the scalar reference."""
