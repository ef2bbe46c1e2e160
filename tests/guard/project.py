"""A small training repository for the tests: files are written, git is real."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import chdir
from datetime import date
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from auditor.guard.assess import run_guard
from auditor.guard.outcome import Report
from auditor.guard.scope import GuardOptions
from auditor.rules.scalar import Row

MODELS = """
authorisations: []
waivers: waivers.yaml
models:
  rival:
    {kind: generative, competes: true, distributed: false, commercial: true, name: rival, paths: ["rival/**"]}
  sorter:
    {kind: classifier, competes: false, distributed: false, commercial: true, name: sorter, paths: ["sorter/**"]}
  student:
    {kind: generative, competes: false, distributed: false, commercial: false, name: student, paths: ["student/**"]}
"""
"""Declares a competing model, a classifier for use in the house, and a model for research."""
CACHE = Path(mkdtemp(prefix="auditor-test-"))
"""Compiled rules, for all tests of a session."""
TODAY = date(2026, 11, 25)
GIT = {
    "GIT_AUTHOR_NAME": "T", "GIT_AUTHOR_EMAIL": "t@example.org", "GIT_COMMITTER_NAME": "T",
    "GIT_COMMITTER_EMAIL": "t@example.org", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
}  # fmt: skip


class Project:
    """A folder with training files."""

    def __init__(self, root: Path, *, models: str = MODELS) -> None:
        self.root = root
        self.write("auditor.yaml", models)
        self.write("waivers.yaml", "waivers: []\n")

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def rows(self, name: str, *rows: Mapping[str, Any]) -> Path:
        return self.write(name, "".join(json.dumps(row) + "\n" for row in rows))

    def sft(self, folder: str, *datasets: str, base: str = "mistralai/Mistral-7B-v0.1", more: str = "") -> Path:
        """An axolotl configuration in a folder."""
        lines = "".join(f"  - path: {dataset}\n    type: chat_template\n" for dataset in datasets)
        return self.write(f"{folder}/sft.yml", f"base_model: {base}\ndatasets:\n{lines}output_dir: ./out\n{more}")

    def git(self, *args: str) -> str:
        import os

        done = subprocess.run(
            ["git", *args], cwd=self.root, env=os.environ | GIT, capture_output=True, text=True, check=True
        )
        return done.stdout

    def check(
        self,
        *paths: str,
        now: date = TODAY,
        staged: bool = False,
        full: bool = False,
        baseline: str | None = None,
        terms: str = "in-force",
        environ: Mapping[str, str] | None = None,
        matches: Sequence[Row] = (),
    ) -> Report:
        options = GuardOptions(
            config=self.root / "auditor.yaml",
            terms=terms,
            now=now,
            staged=staged,
            full=full,
            baseline=self.root / baseline if baseline else None,
            cache=CACHE,
        )
        given = [self.root / path for path in paths] or ([] if staged or environ else [self.root])
        with chdir(self.root):
            return run_guard(given, options, matches=matches, environ=environ or {})


def stops(report: Report) -> set[tuple[str, str, str]]:
    """What stops: dataset, model and clause."""
    return {(item.dataset, item.model, item.finding.clause) for item in report.blocking()}
