"""Reads a generated file of each format, and parses the same file bare with the engine, in one run.

    python -m benchmarks.sources [FORMAT…] [--records 200000] [--runs 3]

`samples/` has one record of each format, with marks for what differs from record to record. The bare parse reads every top
member of every record as text and touches it. Prints records a second of both, with text facts left alone, and their ratio.
"""

import argparse
import asyncio
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from auditor.engine import Database, literal
from auditor.sources import Input, ingest

SAMPLES = Path(__file__).parent / "samples"
START = 1_767_225_600
WORDS = ["claim", "storm", "office", "form", "letter", "nobody", "damage", "window", "before", "without", "number"]
MARKS: dict[str, Callable[[int], str]] = {
    "~id~": lambda n: str(uuid.UUID(int=n * 0x9E3779B97F4A7C15F39CC0605CEDC835 & (1 << 128) - 1)),
    "~hex32~": lambda n: f"{n * 0x9E3779B97F4A7C15F39CC0605CEDC835 & (1 << 128) - 1:032x}",
    "~hex16~": lambda n: f"{n * 0x9E3779B97F4A7C15 & (1 << 64) - 1:016x}",
    "~digits~": lambda n: f"{5_000_000_000_000_000_000 + n}",
    "~time~": lambda n: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(START + n)),
    "~s~": lambda n: str(START + n),
    "~ms~": lambda n: str((START + n) * 1000),
    "~nanos~": lambda n: str((START + n) * 1_000_000_000),
    "~in~": lambda n: str(100 + n * 7919 % 4000),
    "~out~": lambda n: str(1 + n * 104729 % 900),
    "~text~": lambda n: " ".join(WORDS[(n + k * k) % len(WORDS)] for k in range(60)),
}
NUMBERS = re.compile(r'"(~(?:s|ms|in|out)~)"')
"""In JSON, these marks stand for numbers, not texts."""
MARK = re.compile("|".join(MARKS))


def lines(sample: Path, count: int) -> Iterator[str]:
    """Yield the lines of a file of `count` records made after a sample; a table has its header first."""
    *header, record = sample.read_text("utf-8").splitlines()
    yield from header
    record = record if header else NUMBERS.sub(r"\1", record)
    parts = MARK.split(record)
    marks = [MARKS[mark] for mark in MARK.findall(record)]
    for n in range(count):
        yield parts[0] + "".join(mark(n) + part for mark, part in zip(marks, parts[1:], strict=True))


def write(sample: Path, count: int, folder: Path) -> Path:
    """Write a file of `count` records made after a sample. The sample `parquet` is a table, written by the engine."""
    path = folder / sample.name
    with path.open("w", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines(sample, count))
    return path


def bare(path: Path) -> None:
    """Parse a file with the engine, and touch every top member as text."""
    with Database() as db:
        name = literal(str(path))
        if path.suffix == ".csv":
            table = f"read_csv({name}, all_varchar = true)"
        elif path.suffix == ".parquet":
            table = f"read_parquet({name})"
        else:
            with path.open(encoding="utf-8") as file:
                columns = dict.fromkeys(json.loads(file.readline()), "VARCHAR")
            columns_sql = "{" + ", ".join(f"{literal(member)}: '{kind}'" for member, kind in columns.items()) + "}"
            table = (
                f"read_json({name}, format='newline_delimited', maximum_object_size=16777216, columns={columns_sql})"
            )
        db.execute(f"SELECT sum(length(COLUMNS(*)::VARCHAR)) FROM {table}")


def full(path: Path) -> None:
    """Read a file as `auditor replay` does, without text facts."""
    with Database() as db:
        asyncio.run(ingest(db, [Input(str(path))], text=()))


def timed(what: str, path: Path) -> float:
    """Return the seconds that `bare` or `full` takes in a process of its own, without its start."""
    script = (
        "import sys, time; from pathlib import Path; from benchmarks.sources.__main__ import bare, full\n"
        "start = time.perf_counter(); globals()[sys.argv[1]](Path(sys.argv[2])); print(time.perf_counter() - start)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script, what, str(path)], cwd=root, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return float(done.stdout)


def main() -> None:
    """Write each file, take the times, print a row of the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("formats", nargs="*")
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    print("| format | bytes a record | bare parse, records/s | read, records/s | ratio |")
    print("|---|---|---|---|---|")
    for sample in sorted(SAMPLES.iterdir()):
        if options.formats and sample.stem not in options.formats:
            continue
        with tempfile.TemporaryDirectory() as folder:
            path = write(sample, options.records, Path(folder))
            size = path.stat().st_size // options.records
            parse, read = (
                statistics.median(timed(what, path) for _ in range(options.runs)) for what in ("bare", "full")
            )
        rates = f"{options.records / parse:,.0f} | {options.records / read:,.0f}"
        print(f"| {sample.stem} | {size:,} | {rates} | {read / parse:.1f} |", flush=True)


if __name__ == "__main__":
    main()
