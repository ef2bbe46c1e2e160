"""Which files are datasets and which may declare training, by their names, or by how they begin: nothing heavy is needed."""

import codecs
import re

SUFFIXES = (
    ".jsonl", ".ndjson", ".jsonlines", ".jl", ".ldjson", ".csv", ".tsv", ".parquet", ".pq", ".parq", ".arrow", ".feather",
    ".json.gz", ".json.zst",
)  # fmt: skip
CLOSED_DATA = (
    ".xlsx", ".xls", ".bz2", ".xz", ".tar", ".tgz", ".tar.gz", ".avro", ".orc", ".tfrecord", ".mds", ".lance", ".npy", ".npz",
    ".h5", ".sqlite",
)  # fmt: skip
"""Files that hold data and are not looked into."""
PACKED = (".gz", ".zst")
YAML = (".yaml", ".yml", ".dvc", "dvc.lock")
JSON = (".json", ".jsonld", ".json-ld")
MARKDOWN = (".md", ".markdown")
SCRIPT = (".py",)
COMMANDS = (".sh", ".bash", ".zsh", ".slurm", ".sbatch", ".mk")
NOTEBOOK = (".ipynb",)
TOML = (".toml",)
OTHER_TEXT = (
    ".ini", ".cfg", ".conf", ".env", ".json5", ".jsonc", ".jsonnet", ".libsonnet", ".j2", ".jinja", ".tmpl", ".tpl", ".dist",
    ".bat", ".ps1", ".r", ".properties", ".tf",
)  # fmt: skip
"""Files that may configure training in ways that are not read; what is known to be restricted is found in them all the same."""
READABLE = (*YAML, *JSON, *TOML, *MARKDOWN, *SCRIPT, *COMMANDS, *NOTEBOOK, *OTHER_TEXT)
COMMAND_FILES = ("makefile", "justfile", "dockerfile")
"""Beginnings of the names of files that hold commands."""
RUN = "run"
"""The name of another."""


HEAD = 1 << 16
"""Bytes of a JSON file by which it is told whether it holds rows."""


MEASURING = re.compile(r"(?i)(?:^|[/_.-])(?:eval\w*|bench\w*|tests?|conftest|demos?|serv\w+|infer\w*)(?:[/_.-]|$)")
"""Paths of files that measure or serve models, and train none."""
DOCUMENT = re.compile(rb'\{\s*"(?:data|train|rows|examples|instances|samples|test|validation)"\s*:\s*\[\s*\{')


def is_data(path: str) -> bool:
    """Return whether a file is a dataset by its name; `.json` alone is told by its content, elsewhere."""
    name = path.lower()
    for packed in PACKED:
        if name.endswith(packed):
            return name.removesuffix(packed).endswith((*SUFFIXES, ".json"))
    return name.endswith(SUFFIXES)


def has_lines(path: str) -> bool:
    """Return whether a dataset has a row in each line, or in some."""
    name = path.lower()
    for packed in PACKED:
        name = name.removesuffix(packed)
    return name.endswith((".jsonl", ".ndjson", ".jsonlines", ".jl", ".ldjson", ".csv", ".tsv"))


def is_readable(path: str) -> bool:
    """Return whether a file's name is one of those that may declare training or a dataset."""
    name = path.rpartition("/")[2].lower()
    return name.endswith(READABLE) or name.startswith(COMMAND_FILES) or name == RUN


def is_rows(content: bytes) -> bool:
    """Return whether JSON is a list, rows under a usual name, or an object a line, or would be if Git LFS had brought it."""
    head = _head(content)
    return head.startswith((b"[", b"version https://git-lfs")) or is_lines(content) or DOCUMENT.match(head) is not None


def is_lines(content: bytes) -> bool:
    """Return whether JSON is an object on each line, of at least two."""
    first, _, rest = _head(content).partition(b"\n")
    return first.startswith(b"{") and first.rstrip().endswith(b"}") and rest.startswith(b"{")


def _head(content: bytes) -> bytes:
    return content[:HEAD].removeprefix(codecs.BOM_UTF8).lstrip()
