"""The whole way from records to verdicts: each verdict, each number, and that nothing is lost."""

import json
from datetime import date

import pytest

from auditor.audit import Options, Run, audit
from auditor.errors import AuditorError, ExitCode
from auditor.model.run import ClauseResult
from auditor.sources import Input
from tests.conftest import PACK

NOW = date(2026, 1, 15)
TRAINING = {
    "application.purpose": "training",
    "application.model.competes": True,
    "application.model.kind": "generative",
}


async def run(*paths, config=None, out=None, **options) -> Run:
    return await audit(
        [Input(str(path)) for path in paths], Options(policies=PACK, config=config, now=NOW, out=out, **options)
    )


def clause(run: Run, name: str) -> ClauseResult:
    return next(c for c in run.data.manifest.clauses if c.id == f"acme/terms/{name}")


async def test_a_certain_rule_is_a_breach_with_evidence_and_the_version_of_its_day(records):
    path = records(
        TRAINING | {"application.id": "a"}, TRAINING | {"application.id": "a", "timestamp": "2023-12-31T23:59:59Z"}
    )
    result = await run(path)
    breach = clause(result, "no-competing-models")
    assert (breach.verdict, breach.governed, breach.hits, breach.unknown, breach.version) == ("breach", 2, 2, 0, "v2")
    assert {version.id: (version.governed, version.hits) for version in breach.versions} == {"v1": (1, 1), "v2": (1, 1)}
    cited = {finding.rule.rpartition("/")[2]: finding.clause_version for finding in result.data.findings}
    assert cited == {"purpose-until-2024": "v1", "purpose-since-2024": "v2"}
    finding = next(f for f in result.data.findings if f.clause_version == "v1")
    assert finding.principal == {"application.id": "a"}
    assert finding.examples[0].line == 2
    assert finding.examples[0].record_id == "r2"
    assert finding.facts["application.model.competes"] is True
    assert result.exit_code() == ExitCode.FINDINGS


@pytest.mark.parametrize(
    ("moment", "verdict"),
    [("2023-12-31T23:59:59Z", "breach"), ("2024-01-01T00:00:00Z", "clear"), ("2024-01-01T01:00:00+02:00", "breach")],
)
async def test_an_exception_counts_from_the_day_it_appeared_in_utc(records, moment, verdict):
    classifier = TRAINING | {"application.model.kind": "classifier", "application.model.distributed": False}
    assert clause(await run(records(classifier | {"timestamp": moment})), "no-competing-models").verdict == verdict


async def test_a_missing_declaration_turns_clear_into_undetermined_and_is_named(records, tmp_path):
    config = tmp_path / "auditor.yaml"
    config.write_text("applications: {bot: {purpose: support}}\nkeys: {k: {application: bot}}\n")
    path = records({"api_key.id": "k"}, {"api_key.id": "k", "timestamp": "2024-06-03T12:00:00Z"})
    assert clause(await run(path, config=config), "no-competing-models").verdict == "clear"
    config.write_text("applications: {bot: {}}\nkeys: {k: {application: bot}}\n")
    without = await run(path, config=config)
    assert clause(without, "no-competing-models").verdict == "undetermined"
    assert clause(without, "no-competing-models").missing_facts["application.purpose"] == 2
    advice = {item.fact: item for item in without.data.coverage.advice}
    assert advice["application.purpose"].principals == {"application.id bot": 2}


async def test_a_tolerance_lets_a_few_undecided_rows_pass(records, tmp_path):
    config = tmp_path / "auditor.yaml"
    rows = [{"application.purpose": "support"}] * 9 + [{}]
    config.write_text("tolerance: 10\n")
    assert clause(await run(records(*rows), config=config), "no-competing-models").verdict == "clear"
    config.write_text("tolerance: 9.9\n")
    assert clause(await run(records(*rows), config=config), "no-competing-models").verdict == "undetermined"


async def test_a_measure_is_suspected_with_its_window(records):
    path = records(
        {"api_key.id": "k", "geo.country.iso_code": "DE", "timestamp": "2024-06-01T00:00:00Z"},
        {"api_key.id": "k", "geo.country.iso_code": "FR", "timestamp": "2024-06-01T23:59:59Z"},
        {"api_key.id": "k", "geo.country.iso_code": "US", "timestamp": "2024-06-02T23:59:59Z"},
    )
    result = await run(path)
    assert clause(result, "one-user-a-key").verdict == "suspected"
    (finding,) = [f for f in result.data.findings if f.clause.endswith("one-user-a-key")]
    assert finding.principal == {"api_key.id": "k"}
    assert finding.count == 1
    assert finding.window and (finding.window.value, finding.window.limit) == (2, 1)
    assert finding.window.end == "2024-06-01T23:59:59Z"


async def test_a_reading_is_a_suspicion_until_counsel_chooses(records, tmp_path):
    config = tmp_path / "auditor.yaml"
    path = records({"application.audience": "consumer", "application.ai_disclosed": False})
    verdicts = {}
    for positions in ("{}", "{obvious-machines: strict}", "{obvious-machines: lenient}"):
        config.write_text(f"positions: {positions}\n")
        verdicts[positions] = clause(await run(path, config=config), "tell-people").verdict
    assert list(verdicts.values()) == ["suspected", "breach", "not_applicable"]


async def test_what_a_judge_would_have_to_say_is_undetermined_never_clear(records):
    result = await run(records({"application.purpose": "support"}))
    assert clause(result, "quality").verdict == "undetermined"
    assert clause(result, "quality").missing_facts == {"judge": 1}


async def test_what_nothing_was_given_for_is_not_called_clear(records):
    result = await run(records({"application.purpose": "support"}))
    assert clause(result, "no-key-trade").verdict == "undetermined"
    assert "Not examined: events" in clause(result, "no-key-trade").why
    unused = await run(records({"gen_ai.provider.name": "other"}))
    assert clause(unused, "no-key-trade").verdict == "not_applicable"


async def test_waivers_accept_a_finding_for_a_time_and_are_counted(records, tmp_path):
    path = records(TRAINING | {"application.id": "a"})
    (found,) = [f for f in (await run(path)).data.findings if f.rule.endswith("since-2024")]
    config = tmp_path / "auditor.yaml"
    config.write_text("waivers: waivers.yaml\n")
    for expires, verdict, status in (("2026-01-15", "waived", "waived"), ("2026-01-14", "breach", "expired")):
        waiver = f"{{finding: {found.id}, reason: agreed in writing, approver: Dr. Who, expires: {expires}}}"
        (tmp_path / "waivers.yaml").write_text(f"waivers:\n  - {waiver}\n")
        result = await run(path, config=config)
        assert clause(result, "no-competing-models").verdict == verdict
        assert getattr(result.data.manifest.findings_total, status) == 1
        assert result.data.findings[0].waiver


async def test_declared_datasets_are_judged_too(tmp_path, records):
    config = tmp_path / "auditor.yaml"
    config.write_text(
        "models: {m: {competes: true, trained_on: [{dataset: d, generator_providers: [acme], date: 2025-01-01}]}}\n"
    )
    result = await run(records({"application.purpose": "support"}), config=config)
    (finding,) = result.data.findings
    assert (finding.rule, finding.principal) == ("acme/terms/no-competing-models/declared-dataset", {"model.id": "m"})
    assert finding.examples[0].input == "declarations"


@pytest.mark.parametrize(
    ("terms", "version", "verdict"),
    [
        ("in-force", "v1", "breach"),
        ("latest", "v2", "clear"),
        ("2023-06-01", "v1", "breach"),
        ("2022-06-01", "v2", "not_applicable"),
    ],
)
async def test_the_same_history_under_other_terms(records, terms, version, verdict):
    path = records(
        TRAINING
        | {
            "application.model.kind": "classifier",
            "application.model.distributed": False,
            "timestamp": "2023-05-01T00:00:00Z",
        }
    )
    result = clause(await run(path, terms=terms), "no-competing-models")
    assert (result.version, result.verdict) == (version, verdict)


async def test_every_record_is_counted_once(records, tmp_path):
    path = records(
        {"application.purpose": "support"},
        {"application.purpose": "support", "record.id": "r1"},
        {"gen_ai.provider.name": "other"},
        {"timestamp": None, "route": None},
        {"timestamp": "2020-01-01T00:00:00Z"},
        {"gen_ai.usage.input_tokens": "many"},
    )
    with path.open("a") as file:
        file.write("{damaged\n\n")
    result = await run(path, since=date(2021, 1, 1))
    totals = result.data.manifest.totals
    parts = (
        totals.assessed,
        totals.unknown,
        totals.not_governed,
        totals.outside_period,
        totals.rejected,
        totals.duplicates,
    )
    assert parts == (1, 1, 1, 1, 2, 1)
    assert totals.received == sum(parts) == 7
    assert totals.records == totals.governed + totals.not_governed
    assert totals.governed == totals.assessed + totals.unknown


async def test_same_inputs_give_the_same_bytes(records, tmp_path):
    path = records(TRAINING, {"api_key.id": "k"}, {"gen_ai.usage.input_tokens": "many"})
    for name in ("one", "two"):
        await run(path, out=tmp_path / name)
    for file in ("findings.jsonl", "coverage.json", "rejects.jsonl", "hits.parquet"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes(), file
    manifests = [json.loads((tmp_path / name / "run.json").read_text()) for name in ("one", "two")]
    for manifest in manifests:
        del manifest["run"]["id"], manifest["run"]["started_at"]
    assert manifests[0] == manifests[1]


async def test_a_run_folder_is_never_written_over_and_never_half_there(records, tmp_path):
    path = records(TRAINING)
    await run(path, out=tmp_path / "run")
    with pytest.raises(AuditorError, match="never written over"):
        await run(path, out=tmp_path / "run")
    with pytest.raises(AuditorError):
        await run(tmp_path / "absent.jsonl", out=tmp_path / "other")
    assert not [entry for entry in tmp_path.iterdir() if entry.name.startswith((".", "other"))]


async def test_nothing_assessed_is_never_a_pass(records, tmp_path):
    assert (await run(records())).exit_code() == ExitCode.NOTHING_ASSESSED
    assert (await run(records({"gen_ai.provider.name": "other"}))).exit_code() == ExitCode.NOTHING_ASSESSED
    few = await run(records({"application.purpose": "support"}))
    assert few.exit_code(min_coverage=0) == ExitCode.OK
    assert few.exit_code(min_coverage=99) == ExitCode.NOTHING_ASSESSED


async def test_unknown_parameters_and_positions_are_refused_with_the_nearest_name(records, tmp_path):
    config = tmp_path / "auditor.yaml"
    config.write_text("parameters: {max_country: 3}\npositions: {obvious-machines: relaxed, obvius: strict}\n")
    with pytest.raises(AuditorError) as raised:
        await run(records(TRAINING), config=config)
    assert [fault.message for fault in raised.value.faults] == [
        "no pack has a parameter 'max_country'",
        "no pack leaves a position 'obvius' open",
        "the position 'obvious-machines' has no reading 'relaxed'",
    ]


BUCKET = {"record.kind": "bucket", "request.count": 40, "bucket.seconds": 86_400, "application.audience": "consumer"}


async def test_rules_that_need_a_call_do_not_apply_to_buckets(records):
    result = await run(records(BUCKET | {"application.purpose": "support"}))
    assert clause(result, "one-user-a-key").verdict == "not_applicable"
    assert clause(result, "quality").verdict == "not_applicable"
    assert clause(result, "tell-people").verdict == "undetermined"
    totals = result.data.manifest.totals
    assert (totals.received, totals.records, totals.unknown + totals.assessed) == (1, 1, 1)


async def test_a_call_beside_a_bucket_is_judged_as_ever(records):
    call = {"geo.country.iso_code": "DE", "api_key.id": "k"}
    result = await run(records(BUCKET, call, call | {"geo.country.iso_code": "FR"}))
    found = clause(result, "one-user-a-key")
    assert (found.verdict, found.governed) == ("suspected", 2)


@pytest.mark.parametrize(("seconds", "governed"), [(3_600, 1), (86_400, 1), (86_401, 0), (None, 0)])
async def test_a_window_may_hold_buckets_that_are_no_longer_than_it(records, tmp_path, seconds, governed):
    pack = tmp_path / "pack.yaml"
    pack.write_text(PACK.read_text("utf-8").replace("distinct: geo.country.iso_code", "count: requests"), "utf-8")
    path = records(BUCKET | {"bucket.seconds": seconds, "api_key.id": "k"})
    result = await audit([Input(str(path))], Options(policies=pack, now=NOW))
    found = clause(result, "one-user-a-key")
    assert (found.governed, found.hits) == (governed, governed)


async def test_events_and_snapshots_are_counted(records):
    calls = records({})
    events = records(
        {"event.name": "api_key.sold"},
        {"event.name": "api_key.created"},
        {"event.name": "x", "timestamp": "when"},
        name="events.jsonl",
    )
    shots = records({"snapshot.of": "project", "snapshot.id": "p"}, name="shots.jsonl", governed=False)
    totals = (await run(calls, events, shots)).data.manifest.totals
    assert (totals.received, totals.records, totals.rejected, totals.informing) == (5, 3, 1, 1)
    assert totals.received == (
        totals.assessed + totals.unknown + totals.not_governed + totals.outside_period + totals.rejected
        + totals.duplicates + totals.informing
    )  # fmt: skip
