"""Which files are datasets, by their names alone, so that nothing heavy is needed to tell."""

SUFFIXES = (".jsonl", ".ndjson", ".csv", ".tsv", ".parquet", ".arrow", ".feather", ".json.gz", ".json.zst")
PACKED = (".gz", ".zst")


def is_data(path: str) -> bool:
    """Return whether a file is a dataset by its name; `.json` alone is told by its content, elsewhere."""
    name = path.lower()
    for packed in PACKED:
        if name.endswith(packed):
            return name.removesuffix(packed).endswith((*SUFFIXES, ".json"))
    return name.endswith(SUFFIXES)
