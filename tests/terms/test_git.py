"""Reading repositories: every kind of them, without running anything they name, and their history commit by commit."""

import pytest

from auditor.errors import AuditorError
from auditor.terms.collection import read_folder, read_history, read_newest
from auditor.terms.git import is_repository, opened
from auditor.terms.watch import Watch
from tests.terms.repositories import PLACE, git, repository, sign
from tests.terms.texts import NOW, TERMS, document

CHANGED = TERMS.replace("sell the service", "sell or lend the service")
ELSEWHERE = TERMS.replace("The service may change", "The service may end")
DOCUMENT = document({"resale": "2.1(a)", "training": "2.1(c)"})


@pytest.fixture
def checkout(tmp_path):
    """A repository with four texts: the terms, a change elsewhere, a change of the resale clause, and back again."""
    repository(tmp_path / "repo", TERMS, ELSEWHERE, CHANGED, TERMS)
    return tmp_path / "repo"


def test_checkout_bare_and_bundle_read_the_same(checkout, tmp_path):
    git(tmp_path, "clone", "-q", "--bare", str(checkout), str(tmp_path / "bare.git"))
    git(checkout, "bundle", "create", "-q", str(tmp_path / "all.bundle"), "main")
    texts = []
    for place in (checkout, tmp_path / "bare.git", tmp_path / "all.bundle"):
        assert is_repository(place)
        with opened(place) as found:
            readings = read_history(DOCUMENT, found, "name", "")
            assert readings
            texts.append([(reading.commit, reading.date, reading.text) for reading in readings])
            assert read_newest(DOCUMENT, found, "name").text == TERMS
    assert texts[0] == texts[1] == texts[2]
    assert [text for _, _, text in texts[0]] == [TERMS, ELSEWHERE, CHANGED, TERMS]
    assert not is_repository(tmp_path)


def test_nothing_that_a_repository_names_is_run(checkout, tmp_path):
    sign(checkout)
    trap = tmp_path / "trap.sh"
    trap.write_text(f'#!/bin/sh\necho "$0 $@" >> {tmp_path}/sprung\ncat\n')
    trap.chmod(0o755)
    for name in ("post-checkout", "reference-transaction", "post-index-change", "fsmonitor-watchman"):
        hook = checkout / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(trap.read_text())
        hook.chmod(0o755)
    for key in (
        *(
            "core.fsmonitor",
            "core.pager",
            "core.sshCommand",
            "core.askPass",
            "core.editor",
            "diff.external",
            "gpg.program",
        ),
        *(
            "diff.evil.textconv",
            "diff.evil.command",
            "filter.evil.smudge",
            "filter.evil.clean",
            "uploadpack.packObjectsHook",
        ),
    ):
        git(checkout, "config", key, str(trap))
    git(checkout, "config", "log.showSignature", "true")
    git(checkout, "config", "filter.evil.required", "true")
    git(checkout, "config", "pager.rev-list", str(trap))
    git(checkout, "config", "protocol.ext.allow", "always")
    git(checkout, "config", "remote.origin.url", f"ext::{trap}")
    git(checkout, "config", "remote.origin.promisor", "true")
    git(checkout, "config", "extensions.partialClone", "origin")
    (checkout / ".git" / "info" / "attributes").write_text("* diff=evil filter=evil\n")
    (tmp_path / "sprung").unlink(missing_ok=True)  # setting the trap may have sprung it
    with opened(checkout) as found:
        assert read_history(DOCUMENT, found, "name", "")
        assert read_newest(DOCUMENT, found, "name").text == TERMS
    assert not (tmp_path / "sprung").exists()


def test_a_branch_is_chosen_only_if_it_is_clear_which(checkout, tmp_path):
    git(checkout, "branch", "other", "HEAD~1")
    git(checkout, "symbolic-ref", "HEAD", "refs/heads/gone")
    with opened(checkout) as found:
        assert read_newest(DOCUMENT, found, "name").text == TERMS
    git(checkout, "branch", "-m", "main", "principal")
    with pytest.raises(AuditorError, match="no branch main"), opened(checkout):
        pass


def test_what_is_no_plain_file_is_a_failure(tmp_path):
    repository(tmp_path / "repo", TERMS)
    path = tmp_path / "repo" / PLACE
    path.unlink()
    path.symlink_to("/etc/passwd")
    git(tmp_path / "repo", "add", "-A")
    git(tmp_path / "repo", "commit", "-q", "-m", "link")
    with opened(tmp_path / "repo") as found:
        assert "no plain file" in read_newest(DOCUMENT, found, "name").failure
    assert "leads out of" in read_folder(DOCUMENT, tmp_path / "repo", NOW).failure


def test_a_folder_is_read_without_git(tmp_path):
    assert "No such file" in read_folder(DOCUMENT, tmp_path, NOW).failure
    (tmp_path / "Acme").mkdir()
    (tmp_path / PLACE).write_text(TERMS)
    assert read_folder(DOCUMENT, tmp_path, NOW).text == TERMS
    out = document({"one": "1"}).model_copy(
        update={"document": DOCUMENT.document.model_copy(update={"archive": "../../etc/passwd"})}
    )
    assert "leads out of" in read_folder(out, tmp_path, NOW).failure


def test_history_alerts_at_the_commit_that_changed_the_clause(checkout, tmp_path):
    with opened(checkout) as found:
        (past,) = Watch(tmp_path / "state").check_history([DOCUMENT], found, "name")
    assert [result.outcome for result in past.results] == ["first seen", "changed without alert", "alert", "variant"]
    assert [result.raw_changed for result in past.results] == [False, True, True, True]
    assert past.distinct == 3
    (alert,) = past.results[2].alerts
    assert alert.commit == git(checkout, "rev-parse", "HEAD~1")
    assert f"{alert.date:%Y-%m-%d}" == "2026-01-03"


def test_a_history_walked_in_two_parts_is_as_one_walked_at_once(tmp_path):
    texts = [TERMS, ELSEWHERE, CHANGED, TERMS, CHANGED.replace("(b)", "(x)"), None, CHANGED]
    for stop in range(1, len(texts)):
        repo = tmp_path / f"repo-{stop}"
        repository(repo, *texts[:stop])
        with opened(repo) as found:
            Watch(tmp_path / f"parts-{stop}").check_history([DOCUMENT], found, "name")
        repository(repo, *texts[stop:], first=stop + 1)
        with opened(repo) as found:
            Watch(tmp_path / f"parts-{stop}").check_history([DOCUMENT], found, "name")
            Watch(tmp_path / f"whole-{stop}").check_history([DOCUMENT], found, "name")
        parts, whole = (Watch(tmp_path / f"{kind}-{stop}").state for kind in ("parts", "whole"))
        assert parts == whole


def test_a_history_that_does_not_continue_what_is_known_is_a_failure(checkout, tmp_path):
    state = tmp_path / "state"
    Watch(state).check([DOCUMENT], [read_folder(DOCUMENT, checkout, NOW)])
    with opened(checkout) as found:
        (past,) = Watch(state).check_history([DOCUMENT], found, "name")
    assert past.newest.outcome == "failed"
    assert "does not continue" in past.newest.failure


def test_no_repository_is_said_in_words(tmp_path):
    (tmp_path / "broken.bundle").write_text("# v2 git bundle\nnonsense")
    with pytest.raises(AuditorError, match=r"broken\.bundle: .* no branch"), opened(tmp_path / "broken.bundle"):
        pass
    with pytest.raises(AuditorError, match="git cannot read"), opened(tmp_path):
        pass
