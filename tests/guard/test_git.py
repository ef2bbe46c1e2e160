"""What the guard looks at in real git repositories: staged content, parts of files, renames, deletions, pointers."""

import gzip
import hashlib
import json
import os
import subprocess
import sys

import pytest

from auditor.errors import AuditorError, ExitCode
from auditor.guard.assess import run_guard
from auditor.guard.repository import open_repository
from auditor.guard.scope import GuardOptions
from tests.guard.project import GIT, Project, stops

OPENAI = "openai/services-agreement/no-competing-models"
HOOK = {"PRE_COMMIT": "1"}


@pytest.fixture
def project(tmp_path) -> Project:
    project = Project(tmp_path)
    project.git("init", "-q", "-b", "main")
    project.git("add", "-A")
    project.git("commit", "-q", "-m", "start")
    return project


def test_the_staged_content_counts_and_not_the_working_tree(project):
    project.sft("rival", "tatsu-lab/alpaca")
    project.git("add", "-A")
    project.sft("rival", "stanfordnlp/imdb")  # mended on the disk alone
    assert {d for d, _, _ in stops(project.check(staged=True))} == {"tatsu-lab/alpaca"}
    project.git("add", "-A")
    project.sft("rival", "tatsu-lab/alpaca")  # and the other way round
    assert stops(project.check(staged=True)) == set()


def test_the_staged_declarations_count(project):
    project.sft("rival", "tatsu-lab/alpaca")
    text = (project.root / "auditor.yaml").read_text()
    project.write(
        "auditor.yaml", text + "datasets: {tatsu-lab/alpaca: {generators: [], licence: MIT, derived_from: []}}\n"
    )
    project.git("add", "-A")
    project.write("auditor.yaml", text)
    assert stops(project.check(staged=True)) == set()


def test_only_staged_files_are_looked_at(project):
    project.sft("rival", "tatsu-lab/alpaca")
    project.git("add", "-A")
    project.git("commit", "-q", "-m", "old sins")
    project.write("notes.md", "# notes\n")
    project.git("add", "-A")
    report = project.check(staged=True)
    assert stops(report) == set()
    assert report.examined.files == 1 and report.examined.unrelated == 1


def test_a_renamed_configuration_is_looked_at(project):
    project.sft("elsewhere", "tatsu-lab/alpaca")
    project.git("add", "-A")
    project.git("commit", "-q", "-m", "not declared")
    (project.root / "rival").mkdir()
    project.git("mv", "elsewhere/sft.yml", "rival/sft.yml")
    assert {model for _, model, _ in stops(project.check(staged=True))} == {"rival"}


def test_deleted_files_are_no_fault(project):
    project.sft("rival", "stanfordnlp/imdb")
    project.git("add", "-A")
    project.git("commit", "-q", "-m", "one")
    project.git("rm", "-q", "rival/sft.yml")
    report = project.check(staged=True)
    assert report.findings == () and report.exit_code() == ExitCode.OK


def test_a_changed_dataset_brings_the_runs_that_use_it(project):
    project.rows("data/train.jsonl", {"prompt": "a", "completion": "b"})
    project.sft("rival", "data/train.jsonl")
    project.git("add", "-A")
    project.git("commit", "-q", "-m", "clean")
    with (project.root / "data/train.jsonl").open("a") as file:
        file.write('{"prompt": "c", "completion": "d", "generation_model": "gpt-4o"}\n')
    project.git("add", "-A")
    report = project.check(staged=True)
    assert {(d, c) for d, _, c in stops(report)} == {("data/train.jsonl", OPENAI)}
    assert report.examined.sampled == ("data/train.jsonl: 1 added row",)
    (item,) = report.blocking()
    assert item.statements[0].named.place.line == 2


def test_of_a_change_with_very_many_lines_the_file_is_sampled(project):
    project.rows("data/train.jsonl", *({"prompt": str(i), "generation_model": "gpt-4o"} for i in range(30_000)))
    project.sft("rival", "data/train.jsonl")
    project.git("add", "-A")
    report = project.check(staged=True)
    assert OPENAI in {c for _, _, c in stops(report)}
    assert "sampled" in report.examined.sampled[0] and report.examined.rows < 25_000
    assert project.check(staged=True, full=True).examined.rows == 30_000


def test_a_changed_card_brings_the_runs_that_use_its_data(project):
    project.rows("data/answers/train.jsonl", {"text": "b"})
    project.write("data/answers/README.md", "---\nlicense: mit\nsize_categories: [n<1K]\n---\n")
    project.sft("rival", "data/answers/train.jsonl")
    project.git("add", "-A")
    project.git("commit", "-q", "-m", "clean")
    card = "---\nlicense: mit\nsize_categories: [n<1K]\n---\nThe answers were generated with gpt-4o.\n"
    project.write("data/answers/README.md", card)
    project.git("add", "-A")
    (item,) = [i for i in project.check(staged=True).blocking() if i.finding.clause == OPENAI]
    assert str(item.statements[0].named.place) == "data/answers/README.md:5 (text)"


def test_under_pre_commit_the_names_are_hints_and_the_index_is_asked_too(project):
    project.rows("data/train.jsonl", {"text": "b", "generation_model": "gpt-4o"})
    project.sft("rival", "data/train.jsonl")
    project.git("add", "-A")
    report = project.check("data/train.jsonl", environ=HOOK)  # a partial list
    assert OPENAI in {c for _, _, c in stops(report)}
    assert "axolotl" in report.examined.formats


def test_a_range_of_commits_is_looked_at(project):
    start = project.git("rev-parse", "HEAD").strip()
    project.sft("rival", "tatsu-lab/alpaca")
    project.git("add", "-A")
    project.git("commit", "-q", "-m", "more")
    environ = HOOK | {"PRE_COMMIT_FROM_REF": start, "PRE_COMMIT_TO_REF": "HEAD"}
    assert stops(project.check(environ=environ))
    assert not stops(project.check(environ=HOOK))


def test_a_pointer_of_git_lfs_is_not_data(project):
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"
    project.write("data/train.parquet", pointer)
    project.write("data/train.jsonl", pointer)
    project.sft("rival", "data/train.parquet", "data/train.jsonl")
    project.git("add", "-A")
    report = project.check()
    reasons = {item.place.file: item.why for item in report.unread}
    assert "Git LFS" in reasons["data/train.parquet"] and "Git LFS" in reasons["data/train.jsonl"]
    assert report.exit_code(["unknown"]) == ExitCode.FINDINGS


def test_data_of_dvc_is_followed_to_its_cache_and_unknown_where_it_was_not_pulled(project):
    content = b'{"text": "b", "generation_model": "claude-3-opus"}\n'
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    project.write("data/train.jsonl.dvc", f"outs:\n- md5: {md5}\n  size: {len(content)}\n  path: train.jsonl\n")
    project.sft("rival", "data/train.jsonl")
    project.write(".gitignore", "/.dvc/cache\n")
    project.git("add", "-A")
    report = project.check()
    assert stops(report) == set()
    assert [case.dataset for case in report.undecided] == ["data/train.jsonl"]
    assert any("not here" in item.why for item in report.unread)
    project.write(f".dvc/cache/files/md5/{md5[:2]}/{md5[2:]}", content)
    assert {c.split("/")[0] for _, _, c in stops(project.check())} == {"anthropic"}


def test_what_dvc_says_of_data_in_its_meta_counts(project):
    meta = "meta: {generator: gpt-4o-2024-08-06, provider: openai, licence: MIT}\n"
    project.write("data/train.jsonl.dvc", f"outs:\n- md5: {'0' * 32}\n  path: train.jsonl\n{meta}")
    project.sft("rival", "data/train.jsonl")
    project.git("add", "-A")
    (item,) = project.check(staged=True).blocking()
    assert {str(s.named.place).split(":")[0] for s in item.statements} == {"data/train.jsonl.dvc"}


def test_a_link_out_of_the_repository_is_not_followed(project, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "secret.yml"
    outside.write_text("base_model: a/b\ndatasets: [{path: tatsu-lab/alpaca}]\n")
    (project.root / "rival").mkdir()
    (project.root / "rival" / "sft.yml").symlink_to(outside)
    project.git("add", "-A")
    assert project.check().inputs == ()


def test_odd_names_are_read(project):
    project.sft("rival/mit leerzeichen und ümläut", "tatsu-lab/alpaca")
    project.write('rival/quo"te.yml', (project.root / "rival/mit leerzeichen und ümläut/sft.yml").read_text())
    project.git("add", "-A")
    project.write("rival/0:x.yml", (project.root / 'rival/quo"te.yml').read_text())  # `:0:x.yml` would be another file
    project.write("rival/-x.yml", (project.root / 'rival/quo"te.yml').read_text())
    project.git("add", "-A")
    files = {place.file for item in project.check(staged=True).blocking() for place in item.places}
    odd = {'rival/quo"te.yml', "rival/0:x.yml", "rival/-x.yml"}
    assert files == {"rival/mit leerzeichen und ümläut/sft.yml", *odd}


def test_the_ends_of_a_range_are_no_options(project):
    environ = HOOK | {"PRE_COMMIT_FROM_REF": "--output=mine", "PRE_COMMIT_TO_REF": "HEAD"}
    with pytest.raises(AuditorError, match="git diff"):
        project.check(environ=environ)
    assert not list(project.root.glob("mine*"))


def test_a_large_staged_file_is_not_read_as_a_configuration(project):
    project.write("rival/big.yaml", "base_model: a/b\n" + "# x\n" * 1_200_000)
    project.write("rival/big.json", '{"training_file": "x", "model": "y", "z": "' + "x" * 4_500_000 + '"}')
    project.git("add", "-A")
    report = project.check(staged=True)
    assert {item.place.file for item in report.unread} == {"rival/big.yaml", "rival/big.json"}
    assert {item.place.file for item in project.check("rival").unread} == {"rival/big.yaml", "rival/big.json"}


def test_data_of_models_that_nothing_uses_is_mentioned(project):
    project.rows("elsewhere/a.jsonl", {"text": "x", "generation_model": "gpt-4o"})
    project.git("add", "-A")
    assert any(
        "elsewhere/a.jsonl holds output of gpt-4o (1 of 1 rows)" in notice
        for notice in project.check(staged=True).notices
    )


def test_large_and_packed_data_in_the_index_is_read(project):
    packed = gzip.compress(b'{"text": "b", "generation_model": "gpt-4o"}\n' * 3)
    project.write("data/train.jsonl.gz", packed)
    project.sft("rival", "data/train.jsonl.gz")
    project.git("add", "-A")
    (project.root / "data/train.jsonl.gz").unlink()
    assert {(d, c) for d, _, c in stops(project.check(staged=True))} == {("data/train.jsonl.gz", OPENAI)}


def test_nothing_in_the_repository_changes(project):
    project.sft("rival", "tatsu-lab/alpaca")
    project.git("add", "-A")
    project.sft("rival", "tatsu-lab/alpaca", "more/data")
    before = project.git("status", "--porcelain", "-uall"), project.git("diff"), project.git("diff", "--cached")
    project.check(staged=True)
    project.check()
    assert before == (
        project.git("status", "--porcelain", "-uall"),
        project.git("diff"),
        project.git("diff", "--cached"),
    )


def test_staged_needs_git(tmp_path):
    with pytest.raises(AuditorError, match="which --staged and hooks need"):
        open_repository(tmp_path, tmp_path, staged=True)


def test_a_path_that_is_not_there_is_a_fault(project):
    with pytest.raises(AuditorError, match="no such file or folder"):
        project.check("nowhere.yml")


@pytest.mark.parametrize("option", ["--staged", ""])
def test_as_a_plain_hook_of_git(project, option):
    """Without pre-commit: .git/hooks/pre-commit calls the command; git tells which index the commit is made from."""
    hook = project.write(".git/hooks/pre-commit", f'#!/bin/sh\nexec "{sys.executable}" -m auditor guard {option}\n')
    hook.chmod(0o755)
    project.sft("rival", "tatsu-lab/alpaca")
    project.git("add", "-A")
    done = subprocess.run(
        ["git", "commit", "-m", "x"],
        cwd=project.root,
        env=os.environ | GIT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert OPENAI in done.stdout + done.stderr
    project.sft("rival", "acme/nobody-knows")
    project.git("add", "-A")
    project.sft("rival", "tatsu-lab/alpaca")  # not staged
    env = {k: v for k, v in os.environ.items() if not k.startswith("PRE_COMMIT")} | GIT
    subprocess.run(["git", "commit", "-q", "-m", "x"], cwd=project.root, env=env, check=True)


def test_what_the_user_set_for_git_changes_nothing(project):
    for key, value in (("color.ui", "always"), ("core.quotepath", "on"), ("diff.x.textconv", "false")):
        project.git("config", key, value)
    project.write(".gitattributes", "*.jsonl diff=x\n")
    project.rows("data/[ab].jsonl", {"output": "a"})
    project.rows("data/a.jsonl", {"output": "a", "generation_model": "claude-3-opus"})
    project.sft("rival", "data/[ab].jsonl")
    project.git("add", "-A")
    project.git("commit", "-qm", "all")
    with (project.root / "data/[ab].jsonl").open("a") as file:
        file.write(json.dumps({"output": "b", "generation_model": "gpt-4o"}) + "\n")
    project.git("add", "-A")
    report = project.check(staged=True)
    assert ("data/[ab].jsonl", "rival", "openai/services-agreement/no-competing-models") in stops(report)
    assert report.examined.rows == 1


def test_an_index_with_a_conflict_and_links(project):
    (project.root / "link.yml").symlink_to("rival/sft.yml")
    project.sft("rival", "tatsu-lab/alpaca")
    project.git("add", "-A")
    project.git("commit", "-qm", "first")
    project.git("checkout", "-qb", "other")
    project.sft("rival", "acme/x")
    (project.root / "link.yml").unlink()
    (project.root / "link.yml").symlink_to("rival/a.yml")
    project.git("commit", "-qam", "theirs")
    project.git("checkout", "-q", "-")
    project.sft("rival", "yahma/alpaca-cleaned")
    (project.root / "link.yml").unlink()
    (project.root / "link.yml").symlink_to("rival/b.yml")
    project.git("commit", "-qam", "ours")
    with pytest.raises(subprocess.CalledProcessError):
        project.git("merge", "other")
    assert {dataset for dataset, _, _ in stops(project.check("rival", staged=True))} == {"yahma/alpaca-cleaned"}


@pytest.mark.parametrize("gone", ["waivers.yaml", "data/README.md", "data/t.jsonl.provenance.yml"])
def test_what_a_change_takes_away_is_missed(project, gone):
    project.rows("data/t.jsonl", {"output": "a"})
    project.sft("rival", "data/t.jsonl")
    project.write("data/README.md", "---\nlicense: mit\nlanguage_creators: [found]\ntask_ids: [x]\n---\n")
    project.write("data/t.jsonl.provenance.yml", "licence: mit\n")
    project.git("add", "-A")
    project.git("commit", "-qm", "all")
    project.git("rm", "-q", gone)
    assert project.check(staged=True).inputs


def test_a_change_that_takes_the_declarations_away_is_a_fault(project, monkeypatch):
    project.git("mv", "auditor.yaml", "other.yaml")
    monkeypatch.chdir(project.root)
    with pytest.raises(AuditorError, match="taken away by this change"):
        run_guard([], GuardOptions(staged=True), environ={})


def test_data_that_git_ignores_is_looked_into_in_a_hook(project):
    project.write(".gitignore", "data/\n")
    project.rows("data/t.jsonl", {"output": "a", "generation_model": "gpt-4o"})
    for dataset in ("data/t.jsonl", "data", "data/*.jsonl"):
        project.sft("rival", dataset)
        project.git("add", "-A")
        assert (dataset, "rival", OPENAI) in stops(project.check(staged=True))


@pytest.mark.parametrize("dataset", ["data", "data/**/*.jsonl", "data/sub", "../data/sub/new.jsonl"])
def test_new_data_is_checked_with_the_runs_that_hold_it(project, dataset):
    project.sft("rival", dataset)
    project.git("add", "-A")
    project.git("commit", "-qm", "run")
    project.rows("data/sub/new.jsonl", {"output": "a", "generation_model": "gpt-4o"})
    project.git("add", "-A")
    assert (dataset, "rival", OPENAI) in stops(project.check(staged=True))


@pytest.mark.parametrize(
    "commands",
    [[("add", "data/faq/web.jsonl")], [("rm", "-q", "data/plot.txt")], [("add", "data/README.md")]],
    ids=["other data", "another file taken away", "a text that says nothing"],
)
def test_a_commit_is_not_stopped_for_a_run_that_it_has_nothing_to_do_with(project, commands):
    project.rows("data/old/t.jsonl", {"output": "a", "generation_model": "gpt-4o"})
    project.sft("rival", "data/old/t.jsonl", more="judge: gpt-4o\n")
    project.write("data/plot.txt", "x")
    project.git("add", "-A")
    project.git("commit", "-qm", "old")
    project.rows("data/faq/web.jsonl", {"output": "a"})
    project.write("data/README.md", "# Data\nSee the documents of OpenAI.\n")
    for command in commands:
        project.git(*command)
    assert not stops(project.check(staged=True))


SIDECAR = "generators: [gpt-4o]\ngenerator_providers: [openai]\nlicence: mit\n"


@pytest.mark.parametrize(
    ("dataset", "name", "text"),
    [
        ("data", "data/t.jsonl.provenance.yml", SIDECAR),
        ("data/*.jsonl", "data/t.jsonl.provenance.yml", SIDECAR),
        ("data", "data/u.jsonl.dvc", "outs: [{path: u.jsonl}]\nmeta: {generator: gpt-4o, provider: openai}\n"),
        ("data/t.jsonl", "pipe/dvc.yaml", "stages: {g: {wdir: .., cmd: gen --model gpt-4o, outs: [data/t.jsonl]}}\n"),
        (
            "data/t.jsonl",
            "tools/gen.py",
            "a = openai.OpenAI().chat.completions.create(model='gpt-4o')\nopen('data/t.jsonl', 'w').write(str(a))\n",
        ),
    ],
)
def test_a_new_run_is_checked_with_what_was_said_of_its_data_before(project, dataset, name, text):
    project.rows("data/t.jsonl", {"output": "a"})
    project.write(name, text)
    project.git("add", "-A")
    project.git("commit", "-qm", "data")
    project.sft("rival", dataset)
    project.git("add", "-A")
    assert (dataset, "rival", OPENAI) in stops(project.check(staged=True))


def test_a_new_run_is_checked_with_the_run_that_made_its_base(project):
    text = "base_model: a/b\ndatasets: [{path: tatsu-lab/alpaca}]\noutput_dir: ./out/base\n"
    project.write("student/pre.yml", text)
    project.git("add", "-A")
    project.git("commit", "-qm", "base")
    project.sft("rival", "acme/x", base="out/base/checkpoint-500")
    project.git("add", "-A")
    assert ("tatsu-lab/alpaca", "rival", OPENAI) in stops(project.check(staged=True))


@pytest.mark.parametrize("name", ["t.json", "t.xlsx", "t.txt"])
def test_ignored_files_of_any_kind_count_in_a_hook(project, name):
    project.write(".gitignore", f"data/{name}\n")
    project.write(f"data/{name}", json.dumps([{"output": "a", "generation_model": "gpt-4o"}]))
    project.write("data/README.md", "---\nlicense: mit\nlanguage_creators: [found]\ntask_ids: [x]\n---\n")
    for dataset in ("data", f"data/{name}"):
        project.sft("rival", dataset)
        project.git("add", "-A")
        report = project.check(staged=True)
        assert report.exit_code(("high", "unknown")) == ExitCode.FINDINGS
        assert bool(stops(report)) == (name == "t.json")
