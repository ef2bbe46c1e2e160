"""What people accepted: waivers, comments, sidecars, baselines; and what of it does not count."""

import json
from datetime import date

import pytest

from auditor.errors import AuditorError
from auditor.guard.allow import write_baseline
from tests.guard.project import Project, stops

RULE = "openai/services-agreement/no-competing-models/declared-training-input"
LATER = date(2027, 1, 2)


@pytest.fixture
def project(tmp_path) -> Project:
    project = Project(tmp_path)
    project.sft("rival", "teknium/OpenHermes-2.5")
    return project


def status(report) -> list[str]:
    return [item.finding.status for item in report.findings if item.finding.rule == RULE]


def test_a_waiver_of_the_waivers_file_counts_until_its_day(project):
    (item,) = project.check().blocking()
    entry = f"{{finding: {item.finding.id}, reason: agreed, approver: A. Counsel, expires: 2027-01-01}}"
    project.write("waivers.yaml", f"waivers:\n  - {entry}\n")
    assert stops(project.check()) == set() and status(project.check()) == ["waived"]
    assert status(project.check(now=LATER)) == ["expired"] and stops(project.check(now=LATER))


@pytest.mark.parametrize(
    "rule",
    [
        RULE,
        "declared-training-input",
        "no-competing-models",
        "openai/services-agreement/no-competing-models",
        "openai/*",
    ],
)
def test_a_comment_names_the_rule_in_whole_or_in_part(project, rule):
    project.write("rival/sft.yml", f"# auditor: allow {rule} reason=licence bought until=2027-01-01\n{text(project)}")
    report = project.check()
    assert stops(report) == set() and status(report) == ["waived"]
    (item,) = [i for i in report.findings if i.finding.rule == RULE]
    assert item.finding.waiver is not None and item.finding.waiver.approver == "comment at rival/sft.yml:1"
    assert stops(project.check(now=LATER))


def text(project) -> str:
    return (project.root / "rival/sft.yml").read_text()


def test_a_comment_at_a_line_is_about_that_line(project):
    project.sft("rival", "teknium/OpenHermes-2.5", "Open-Orca/SlimOrca")
    lines = text(project).splitlines()
    at = next(i for i, line in enumerate(lines) if "OpenHermes" in line)
    lines[at] += f"  # auditor: allow {RULE} reason='we asked' until=2027-01-01"
    project.write("rival/sft.yml", "\n".join(lines))
    assert {d for d, _, _ in stops(project.check())} == {"Open-Orca/SlimOrca"}
    lines[at] = lines[at].split("  #")[0]
    lines.insert(at, f"  # auditor: allow {RULE} until=2027-01-01 reason=we asked twice")
    project.write("rival/sft.yml", "\n".join(lines))
    assert {d for d, _, _ in stops(project.check())} == {"Open-Orca/SlimOrca"}


@pytest.mark.parametrize(
    ("comment", "notice"),
    [
        (f"allow {RULE} until=2027-01-01", "needs a rule and a reason"),
        (f"allow {RULE} reason=agreed", "needs its last day"),
        (f"allow {RULE} reason=agreed until=soon", "needs its last day"),
        ("allow reason=x until=2027-01-01", "needs a rule and a reason"),
        (f"allow {RULE} reason=x until=2027-01-01", "needs a rule and a reason"),
        ("allow other/rule reason=agreed until=2027-01-01", "no finding fits this allowance"),
    ],
)
def test_comments_that_do_not_count_are_said(project, comment, notice):
    project.write("rival/sft.yml", f"# auditor: {comment}\n{text(project)}")
    report = project.check()
    assert stops(report)
    assert any(notice in line for line in report.notices)


def test_a_comment_in_another_file_does_not_count(project):
    project.write(
        "student/x.yml", f"# auditor: allow {RULE} reason=x until=2027-01-01\nmodel_name_or_path: a\ndataset_name: b\n"
    )
    assert stops(project.check())


def test_a_comment_in_one_file_does_not_count_for_the_same_data_in_another(project):
    comment = f"# auditor: allow {RULE} reason=agreed until=2027-01-01\n"
    plain = text(project)
    project.write("rival/other.yml", comment + plain)
    assert stops(project.check())
    project.write("rival/sft.yml", comment + plain)
    assert stops(project.check()) == set()
    project.write("rival/sft.yml", comment.replace("2027", "2026") + plain)
    assert set(status(project.check())) == {"expired"} and stops(project.check())


def test_a_sidecar_allows_for_data_that_can_hold_no_comment(project):
    project.rows("data/a.jsonl", {"text": "x", "generation_model": "gpt-4o"})
    project.sft("rival", "../data/a.jsonl")
    assert stops(project.check())
    entry = f"allow: [{{rule: {RULE}, reason: agreed with counsel, until: 2027-01-01}}]\n"
    project.write("data/a.jsonl.provenance.yml", f"licence: MIT\n{entry}")
    report = project.check()
    assert stops(report) == set() and status(report) == ["waived"]
    project.write("data/a.jsonl.provenance.yml", "licence: MIT\nallow: [{rule: x}]\n")
    assert any("needs a rule and a reason" in notice for notice in project.check().notices)


def test_a_baseline_holds_what_was_there_and_nothing_new(project):
    report = project.check()
    lines = write_baseline(report.findings, "before the guard", date(2027, 1, 1))
    project.write("baseline.jsonl", lines)
    assert stops(project.check(baseline="baseline.jsonl")) == set()
    assert set(status(project.check(baseline="baseline.jsonl"))) == {"baseline"}
    assert stops(project.check(baseline="baseline.jsonl", now=LATER))
    project.sft("rival", "teknium/OpenHermes-2.5", "Open-Orca/SlimOrca")
    assert {d for d, _, _ in stops(project.check(baseline="baseline.jsonl"))} == {"Open-Orca/SlimOrca"}


def test_a_baseline_has_neither_lines_nor_times_and_an_order_of_its_own(project):
    first = write_baseline(project.check().findings, "known", date(2027, 1, 1))
    project.write("rival/sft.yml", f"# moved\n# down\n{text(project)}")
    assert write_baseline(project.check(now=date(2026, 12, 1)).findings, "known", date(2027, 1, 1)) == first
    keys = [json.loads(line).keys() for line in first.splitlines()]
    assert all(list(key) == ["rule", "path", "content", "reason", "expires"] for key in keys)
    assert first.splitlines() == sorted(first.splitlines())


def test_faults_of_a_baseline_are_told_together(project):
    project.write("baseline.jsonl", '{"rule": "x"}\nnot json\n\n')
    with pytest.raises(AuditorError) as caught:
        project.check(baseline="baseline.jsonl")
    assert {fault.location.line for fault in caught.value.faults} == {1, 2}
    with pytest.raises(AuditorError, match="cannot read the baseline"):
        project.check(baseline="none.jsonl")


def test_what_an_authorisation_sets_aside_is_told(project):
    text = (project.root / "auditor.yaml").read_text()
    given = "authorisations: [{id: letter, provider: datasets, scope: [non-commercial], document: letter of 3 March}]"
    project.write("auditor.yaml", text.replace("authorisations: []", given))
    project.write("data/README.md", "---\nlicense: cc-by-nc-4.0\n---\n")
    project.rows("data/t.jsonl", {"output": "a"})
    project.sft("rival", "data/t.jsonl")
    report = project.check("rival")
    assert not any(item.finding.clause.startswith("datasets/") for item in report.blocking())
    assert any("data/t.jsonl in rival: an authorisation" in notice for notice in report.notices)


def test_a_baseline_does_not_cover_data_that_comes_to_a_folder(project):
    project.rows("data/t.jsonl", {"output": "a", "generation_model": "gpt-4o"})
    project.sft("rival", "data")
    project.write("b.jsonl", write_baseline(project.check("rival").findings, "known before", date(2027, 1, 1)))
    assert not project.check("rival", baseline="b.jsonl").blocking()
    project.rows("data/u.jsonl", {"output": "b", "generation_model": "gpt-4o"})
    assert project.check("rival", baseline="b.jsonl").blocking()
