"""Replays a million flat records against all shipped packs, and parses the same file bare with the engine, in one run.

    python benchmarks/replay.py [--records 1000000] [--runs 3]

Prints the median time of each, their ratio, and the peak memory of the replay, which runs in a process of its own.
"""

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

WORDS = ["".join(random.Random(i).choices("abcdefghijklmnopqrstuvwxyz", k=2 + i % 8)) for i in range(3000)]
MODELS = [
    ("openai", "gpt-4o"),
    ("anthropic", "claude-sonnet-4"),
    ("self", "llama-3-70b-instruct"),
    ("cohere", "command-r"),
]
BARE = """
import sys, time
from auditor.engine import Database
from auditor.model.facts import USAGE
with Database() as db:
    columns = "{" + ", ".join(f"'{name}': 'VARCHAR'" for name in USAGE.facts) + "}"
    sums = ", ".join(f'sum(length("{name}"))' for name in USAGE.facts)
    db.execute(f"SELECT {sums} FROM read_json('{sys.argv[1]}', format='newline_delimited', columns={columns})")
"""


def records(count: int) -> Iterator[dict[str, object]]:
    """Yield seeded records of about 1.5 kB over a year: four providers, fifty keys, text in every one."""
    dice = random.Random(1)
    texts = [" ".join(dice.choices(WORDS, k=170)) for _ in range(2000)]
    for i in range(count):
        provider, model = MODELS[dice.randrange(len(MODELS))]
        day, second = divmod(i * 31_536_000 // count, 86_400)
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_735_689_600 + day * 86_400 + second))
        yield {
            "timestamp": moment,
            "record.id": f"r{i}",
            "gen_ai.provider.name": provider,
            "gen_ai.request.model": model,
            "gen_ai.usage.input_tokens": dice.randint(1, 5000),
            "gen_ai.usage.output_tokens": dice.randint(1, 900),
            "http.response.status_code": 429 if i % 997 == 0 else 200,
            "route": "self-hosted" if provider == "self" else "direct",
            "api_key.id": f"k{i % 50}",
            "user.id": f"u{i % 997}",
            "geo.country.iso_code": dice.choice(["DE", "US", "FR", "JP"]),
            "client.address": f"10.0.{i % 256}.{i % 199}",
            "application.id": f"app{i % 7}",
            "application.purpose": dice.choice(["support", "coding", "evaluation"]),
            "prompt.text": texts[i % 2000][:300],
            "completion.text": texts[(i * 7) % 2000],
        }


def timed(command: list[str]) -> float:
    """Run a command and return its wall time in seconds."""
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(done.stderr)
    return time.perf_counter() - start


def main() -> None:
    """Write the records, take the times, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "records.jsonl"
        with path.open("w") as file:
            file.writelines(json.dumps(record) + "\n" for record in records(options.records))
        bare, full = [], []
        for run in range(options.runs):
            bare.append(timed([sys.executable, "-c", BARE, str(path)]))
            out = str(Path(folder) / f"run{run}")
            full.append(timed([sys.executable, "-m", "auditor", "replay", str(path), "--out", out, "--quiet"]))
        size = path.stat().st_size / 1e9
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
    parse, replay = statistics.median(bare), statistics.median(full)
    print(f"{options.records:,} records, {size:.2f} GB, medians of {options.runs}")
    print(f"bare parse {parse:.1f} s, replay {replay:.1f} s, ratio {replay / parse:.1f}, peak memory {peak:.2f} GB")


if __name__ == "__main__":
    main()
