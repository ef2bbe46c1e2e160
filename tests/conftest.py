"""What several tests share: a small policy pack, records, and a way to run the command line as a user would."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACK = ROOT / "tests" / "data" / "packs" / "acme.yaml"
SHARED = ROOT.parent / "shared"


@pytest.fixture
def records(tmp_path) -> Callable[..., Path]:
    """Return a function that writes records as flat JSONL, each completed with what makes the pack govern it."""

    def write(*items: dict[str, object], name: str = "records.jsonl", governed: bool = True) -> Path:
        base = (
            {"gen_ai.provider.name": "acme", "route": "direct", "timestamp": "2024-06-01T12:00:00Z"} if governed else {}
        )
        lines = [json.dumps({"record.id": f"r{i}"} | base | item) for i, item in enumerate(items, start=1)]
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n" if lines else "", "utf-8")
        return path

    return write


@pytest.fixture
def auditor(tmp_path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that runs the command line in a process of its own, in a folder of its own."""

    def run(*arguments: str | Path, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        command: Sequence[str] = [sys.executable, "-m", "auditor", *map(str, arguments)]
        return subprocess.run(
            command, cwd=tmp_path, input=stdin, capture_output=True, text=True, timeout=120, check=False
        )

    return run


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="Write golden files anew instead of comparing with them."
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str | Path, str], None]:
    """Return a function that compares text with a golden file, or writes the file anew; names are below tests/golden."""

    def check(name: str | Path, text: str) -> None:
        path = ROOT / "tests" / "golden" / name
        if request.config.getoption("--update-golden"):
            path.write_bytes(text.encode())
        assert text == path.read_bytes().decode(), f"{path} differs; look at it, and refresh with --update-golden"

    return check
