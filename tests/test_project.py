"""What holds for the whole tree: docs are current, modules small, nothing left out of the wheel."""

import ast
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from auditor.model.describe import markdown
from tests.conftest import ROOT

A_TABLE = ROOT / "auditor/model/facts.py"  # the schema of all fact tables stands in one module on purpose
MODULES = sorted((ROOT / "auditor").rglob("*.py"))


def test_the_reference_of_facts_is_current(golden):
    golden(ROOT / "docs" / "facts.md", markdown())


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_and_functions_are_small_and_say_what_they_are(path: Path):
    text = path.read_text()
    assert len(text.splitlines()) <= 300 or path == A_TABLE
    tree = ast.parse(text)
    if text:
        assert ast.get_docstring(tree) or path.name == "__init__.py"
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            docstring = ast.get_docstring(node, clean=False) or ""
            length = (node.end_lineno or 0) - node.lineno + 1 - docstring.count("\n")
            assert length <= 45, f"{node.name} has {length} lines"


def test_an_installed_wheel_finds_its_policies_and_templates(tmp_path):
    """Builds the wheel, unpacks it beside nothing else, and audits with what is inside."""
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        str(tmp_path),
        str(ROOT),
    ]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    shipped = {
        p.relative_to(ROOT).as_posix() for f in ("policies", "templates") for p in (ROOT / f).rglob("*") if p.is_file()
    }
    packed = {
        p.relative_to(tmp_path / "site/auditor/_data").as_posix()
        for p in (tmp_path / "site/auditor/_data").rglob("*")
        if p.is_file()
    }
    assert packed == shipped
    code = "import auditor, sys; from auditor.cli import run; sys.exit(run(['policy', 'check']))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "no faults" in done.stdout
