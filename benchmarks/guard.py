"""Times the hook beside check-json, codespell and detect-secrets: the real pre-commit, the same staged files, one run.

Usage: python benchmarks/guard.py [--runs 7] [--files 1 100]. The hooks are installed from the package index that pip uses.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = (
    "auditor",
    "policies",
    "templates",
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "NOTICE",
    ".pre-commit-hooks.yaml",
)
GIT = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"} | {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "B"), ("EMAIL", "b@example.org"))
}
PEERS = {"check-json": "pre-commit-hooks", "codespell": "codespell", "detect-secrets-hook": "detect-secrets"}
"""Command → the package that brings it."""
DECLARED = """authorisations: []
models:
  rival: {kind: generative, competes: true, distributed: false, commercial: true, name: rival, paths: ["configs/**"]}
"""
CARD = "---\nbase_model: mistralai/Mistral-7B-v0.1\ndatasets: [stanfordnlp/imdb]\nlicense: mit\n---\nA card.\n"


def main() -> None:
    """Print the medians and their ratios to pre-commit with a hook that does nothing, and to the quickest peer."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=7)
    options.add_argument("--files", type=int, nargs="+", default=[1, 100])
    chosen = options.parse_args()
    with TemporaryDirectory() as folder:
        checkout, project, home = (Path(folder) / name for name in ("checkout", "project", "home"))
        revision = make_checkout(checkout)
        print("| configurations | hook | pre-commit | to a hook that does nothing | by itself | to check-json |")
        print("|---|---|---|---|---|---|")
        for files in chosen.files:
            make_project(project, checkout, revision, files)
            for line in measure(project, home, chosen.runs):
                print(f"| {files} | {line}")
            shutil.rmtree(project)


def git(folder: Path, *args: str) -> str:
    """Run git in a folder and return what it prints."""
    done = subprocess.run(["git", *args], cwd=folder, env=os.environ | GIT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def make_checkout(folder: Path) -> str:
    """Copy what the hook needs into a git repository and return its commit."""
    folder.mkdir()
    for name in SHIPPED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "checkout")
    return git(folder, "rev-parse", "HEAD")


def make_project(folder: Path, checkout: Path, revision: str, files: int) -> None:
    """Write a repository with `files` staged configurations in JSON, which every hook looks at, a card, and nothing to stop."""
    folder.mkdir()
    local: list[dict[str, object]] = [{"id": "nothing", "name": "nothing", "entry": "true", "language": "system"}]
    local += [
        {"id": entry, "name": entry, "entry": entry, "language": "python", "additional_dependencies": [package]}
        for entry, package in PEERS.items()
    ]
    for hook in local:
        hook["types"] = ["json"]
    repos = [
        {"repo": "local", "hooks": local},
        {"repo": str(checkout), "rev": revision, "hooks": [{"id": "auditor-guard"}]},
    ]
    (folder / ".pre-commit-config.yaml").write_text(json.dumps({"repos": repos}), "utf-8")
    (folder / "auditor.yaml").write_text(DECLARED, "utf-8")
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "start")
    for i in range(files):
        config = {
            "model_name_or_path": "mistralai/Mistral-7B-v0.1",
            "dataset_name": "stanfordnlp/imdb",
            "learning_rate": 2e-5,
            "num_train_epochs": 3,
            "per_device_train_batch_size": 8,
            "output_dir": f"out/run-{i}",
        }
        path = folder / "configs" / f"run-{i}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(config, indent=2) + "\n", "utf-8")
    (folder / "configs" / "README.md").write_text(CARD, "utf-8")
    git(folder, "add", "-A")


def measure(project: Path, home: Path, runs: int) -> list[str]:
    """Return a line for each hook; the hooks take turns, so that what else goes on meets all alike."""
    hooks = ["nothing", *PEERS, "auditor-guard"]
    env = os.environ | GIT | {"PRE_COMMIT_HOME": str(home), "XDG_CACHE_HOME": str(home)}
    whole: dict[str, list[float]] = {hook: [] for hook in hooks}
    alone: dict[str, list[float]] = {hook: [] for hook in hooks}
    files = sorted(path.relative_to(project).as_posix() for path in project.glob("configs/*.json"))
    for turn in range(runs + 1):
        for hook in hooks:
            seconds = timed([sys.executable, "-m", "pre_commit", "run", hook], project, env)
            if turn:  # the first run installs
                whole[hook].append(seconds)
                alone[hook].append(timed([*command(hook, home), *files], project, env | {"PRE_COMMIT": "1"}))
    medians = {hook: (statistics.median(whole[hook]), statistics.median(alone[hook])) for hook in hooks}
    return [
        f"{hook} | {1000 * all_:,.0f} ms | {all_ / medians['nothing'][0]:.1f} | {1000 * own:,.0f} ms "
        f"| {own / medians['check-json'][1]:.1f} |"
        for hook, (all_, own) in medians.items()
    ]


def command(hook: str, home: Path) -> list[str]:
    """Return the command that pre-commit runs for a hook, as it lies in the environment that was installed."""
    if hook == "nothing":
        return ["true"]
    name = "auditor" if hook == "auditor-guard" else hook
    (program,) = home.glob(f"repo*/py_env-*/bin/{name}")
    return [str(program), *(["guard"] if name == "auditor" else [])]


def timed(words: list[str], project: Path, env: dict[str, str]) -> float:
    """Run a command, which has to succeed, and return the seconds that it took."""
    started = time.perf_counter()
    done = subprocess.run(words, cwd=project, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(words[:4])} failed:\n{done.stdout}{done.stderr}")
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
