"""Which version and which clause holds for a record: by its own day, by contract, by country, and by what was agreed."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import auditor
from auditor.errors import AuditorError
from auditor.model.run import ClauseResult
from auditor.yamlfile import write_yaml

PACK = Path(__file__).parent.parent / "data" / "packs" / "resolution"
LEGAL = {
    "gen_ai.provider.name": "acme",
    "route": "direct",
    "application.domain": "legal",
    "application.human_review": False,
}
MEDICAL = LEGAL | {"application.domain": "medical"}
ADVICE, FEW, PAPERS = (f"acme/usage-rules/{name}" for name in ("no-advice", "few-requests", "keep-papers"))


def replay(
    tmp_path: Path, records: list[dict[str, Any]], terms: str = "in-force", policies: str = str(PACK), **declared: Any
):
    """Replay records under the made-up pack; returns the results by clause."""
    config = tmp_path / "auditor.yaml"
    config.write_text(write_yaml(declared))
    run = auditor.replay(records, policies=policies, config=config, terms=terms, now=date(2026, 1, 1))
    return {clause.id: clause for clause in run.data.manifest.clauses}


def under(clause: ClauseResult) -> dict[str, tuple[int, int]]:
    """The governed rows and hits of each version that has any."""
    return {version.id: (version.governed, version.hits) for version in clause.versions if version.governed}


def at(day: str, **facts: Any) -> dict[str, Any]:
    return LEGAL | {"timestamp": f"{day}T12:00:00Z", "record.id": f"{day}{facts}"} | facts


def test_by_the_records_own_day(tmp_path):
    results = replay(tmp_path, [at("2024-01-30"), at("2024-02-15")])
    assert under(results[ADVICE]) == {"v1": (1, 0), "v2": (1, 1)}


def test_by_the_country_of_the_account_where_editions_began_on_different_days(tmp_path):
    records = [at("2024-02-01", **{"account.country": country}) for country in ("DE", "US", "FR")]
    results = replay(tmp_path, records)
    assert under(results[ADVICE]) == {"v1-eea": (2, 0), "v2-row": (1, 1)}


def test_the_organisations_country_counts_for_its_accounts(tmp_path):
    results = replay(tmp_path, [at("2024-02-01")], organisation={"country": "DE"})
    assert under(results[ADVICE]) == {"v1-eea": (1, 0)}


def test_an_unknown_country_matters_only_while_the_editions_differ(tmp_path):
    assert replay(tmp_path, [at("2024-02-01")])[ADVICE].missing_facts == {"account.country": 1}
    assert replay(tmp_path, [at("2024-03-01")])[ADVICE].verdict == "breach"


GOVERNS = "{gen_ai.provider.name: acme, route: direct}"
AGREEMENT = {"id": "order-1", "provider": "acme", "document": "Order form 1", "from": "2023-06-01"}


def test_a_contract_freezes_the_version(tmp_path):
    records = [at("2023-03-01"), at("2024-06-01"), at("2025-06-01")]
    assert under(replay(tmp_path, records)[ADVICE]) == {"v1": (1, 0), "v2": (2, 2)}
    frozen = replay(tmp_path, records, agreements=[AGREEMENT])
    assert under(frozen[ADVICE]) == {"v1": (3, 0)}
    renewed = replay(tmp_path, records, agreements=[AGREEMENT | {"renewed": ["2025-01-01"]}])
    assert under(renewed[ADVICE]) == {"v1": (2, 0), "v2": (1, 1)}


def test_a_contract_freezes_nothing_for_consumers(tmp_path):
    records = [at("2024-06-01", **{"account.plan": "consumer"}), at("2024-06-01", **{"account.plan": "api"})]
    assert under(replay(tmp_path, records, agreements=[AGREEMENT])[ADVICE]) == {"v1": (1, 0), "v2": (1, 1)}


def test_a_contract_of_another_provider_freezes_nothing(tmp_path):
    results = replay(tmp_path, [at("2024-06-01")], agreements=[AGREEMENT | {"provider": "openai"}])
    assert under(results[ADVICE]) == {"v2": (1, 1)}


def overridden(**values: Any) -> dict[str, Any]:
    says = {"clause": ADVICE, "effect": "off", "says": "Review was waived."}
    return AGREEMENT | {"from": "2025-01-01", "until": "2025-12-31", "overrides": [says | values]}


def test_a_clause_that_was_switched_off_counts_outside_that_time_only(tmp_path):
    records = [at("2024-12-31"), at("2025-01-01"), at("2025-12-31"), at("2026-01-01")]
    results = replay(tmp_path, records, agreements=[overridden()])
    assert under(results[ADVICE]) == {"v2": (2, 2)}
    (override,) = results[ADVICE].overrides
    assert (override.effect, override.document, override.says) == ("off", "Order form 1", "Review was waived.")


def test_a_clause_that_is_off_on_the_day_of_the_terms_does_not_count(tmp_path):
    records = [at("2024-06-01")]
    assert replay(tmp_path, records, "2025-06-01", agreements=[overridden()])[ADVICE].verdict == "not_applicable"
    assert replay(tmp_path, records, "2024-06-01", agreements=[overridden()])[ADVICE].verdict == "breach"


def test_a_replaced_clause_gives_way_to_the_companys_own(tmp_path):
    own = tmp_path / "house.yaml"
    text = (PACK / "acme" / "usage-rules.yaml").read_text()
    own.write_text(text.replace("id: usage-rules", "id: house-rules").replace("frozen_when", "#"))
    override = overridden(effect="replaced", by="acme/house-rules/no-advice")
    results = replay(tmp_path, [at("2025-06-01")], policies=f"{PACK},{own}", agreements=[override])
    assert (results[ADVICE].verdict, results["acme/house-rules/no-advice"].verdict) == ("not_applicable", "breach")


def test_a_tightened_limit(tmp_path):
    records = [at("2025-06-01", **{"api_key.id": "k", "n": n}) for n in range(2)]
    for number, record in enumerate(records):
        record["record.id"] = str(number)
        del record["n"]
    assert replay(tmp_path, records)[FEW].verdict == "clear"
    override = overridden(clause=FEW, effect="tightened", parameters={"most_requests": 1})
    assert replay(tmp_path, records, agreements=[override])[FEW].verdict == "suspected"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ({"clause": "acme/usage-rules/no-advic"}, "no-advice"),
        ({"effect": "replaced", "by": "acme/usage-rules/none"}, "no pack that was loaded has 'acme/usage-rules/none'"),
        ({"effect": "tightened", "parameters": {"most": 1}}, "has no parameter 'most'"),
        ({"effect": "replaced"}, "'replaced' names under 'by'"),
        ({"effect": "tightened"}, "'tightened' names limits"),
        ({"by": "x"}, "a clause that is off has no 'by'"),
    ],
)
def test_overrides_that_do_not_fit_are_refused(tmp_path, override, message):
    with pytest.raises(AuditorError) as caught:
        replay(tmp_path, [at("2025-06-01")], agreements=[overridden(**override)])
    assert message in str(caught.value)


def test_a_draft_judges_every_record_under_its_newest_version(tmp_path):
    draft = tmp_path / "draft.yaml"
    text = (PACK / "acme" / "usage-rules.yaml").read_text()
    draft.write_text(text.replace('{id: v2, section: "2", from: 2024-02-15', '{id: v2, section: "9", from: 2027-01-01'))
    results = replay(tmp_path, [at("2023-06-01"), at("2025-06-01")], str(draft))
    assert under(results[ADVICE]) == {"v2": (2, 2)}
    assert results[ADVICE].versions[-1].section == "9"


def test_a_draft_does_not_bring_back_the_rules_of_its_old_versions(tmp_path):
    medical = [at("2025-06-01", **{"application.domain": "medical", "account.country": "DE"})]
    rule = tmp_path / "draft.yaml"
    text = (PACK / "acme" / "usage-rules.yaml").read_text()
    rule.write_text(text.replace("application.domain: [medical, legal]", "application.domain: legal"))
    assert under(replay(tmp_path, medical, str(rule))[ADVICE]) == {"v2": (1, 0)}


def test_a_day_is_a_day_whatever_files_there_are(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "2025-06-01").mkdir()
    assert replay(tmp_path, [at("2023-06-01")], "2025-06-01")[ADVICE].verdict == "breach"
    with pytest.raises(AuditorError, match="nor is there a draft of that path"):
        replay(tmp_path, [at("2023-06-01")], "missing.yaml")


def test_a_contract_that_has_ended_freezes_nothing_any_more(tmp_path):
    ended = AGREEMENT | {"until": "2023-12-31"}
    assert under(replay(tmp_path, [at("2025-06-01")], agreements=[ended])[ADVICE]) == {"v2": (1, 1)}


def test_parameters_may_stand_wherever_conditions_do(tmp_path):
    text = (PACK / "acme" / "usage-rules.yaml").read_text()
    pack = tmp_path / "acme.yaml"
    tokens = "gen_ai.usage.input_tokens|gt: {parameter: most_requests}"
    pack.write_text(text.replace(GOVERNS, f"{{gen_ai.provider.name: acme, {tokens}}}", 1))
    records = [at("2025-06-01", **{"gen_ai.usage.input_tokens": n}) for n in (1, 3)]
    results = replay(tmp_path, records, policies=str(pack))
    assert (results[ADVICE].governed, results[PAPERS].governed) == (1, 1)


def test_own_packs_stand_beside_shipped_ones_of_the_same_name(tmp_path):
    from auditor.policy.load import load_policies

    for folder, name in (("a", "usage-rules"), ("b", "house-rules")):
        (tmp_path / folder).mkdir()
        text = (PACK / "acme" / "usage-rules.yaml").read_text()
        (tmp_path / folder / "openai.yaml").write_text(text.replace("id: usage-rules", f"id: {name}"))
    policy = load_policies(f"openai, {tmp_path / 'a/openai.yaml'},{tmp_path / 'b/openai.yaml'}")
    ids = {document.id for document in policy.documents}
    assert ids >= {"openai/services-agreement", "acme/usage-rules", "acme/house-rules"}
    with pytest.raises(AuditorError, match="no policy pack or path ''"):
        load_policies("openai,")


@pytest.mark.parametrize(
    ("agreement", "message"),
    [
        ({"until": "2023-01-01"}, "'until' lies before 'from'"),
        ({"renewed": ["2023-01-01"]}, "renewed on 2023-01-01, outside its time"),
        (
            {"provider": "openai", "overrides": [{"clause": ADVICE, "effect": "off", "says": "agreed"}]},
            "says nothing of",
        ),
    ],
)
def test_agreements_that_make_no_sense_are_refused(tmp_path, agreement, message):
    with pytest.raises(AuditorError) as caught:
        replay(tmp_path, [at("2025-06-01")], agreements=[AGREEMENT | agreement])
    assert message in str(caught.value)


def test_names_and_limits_that_contradict_are_refused(tmp_path):
    limit = {"clause": FEW, "effect": "tightened", "says": "less", "parameters": {"most_requests": 1}}
    twice = json.loads(json.dumps([AGREEMENT | {"overrides": [limit]}] * 2))
    with pytest.raises(AuditorError) as caught:
        replay(tmp_path, [at("2025-06-01")], agreements=twice, aliases={"prod": "gtp-4o"})
    assert len(caught.value.faults) == 3
    assert "'gtp-4o' is no model that is known" in str(caught.value)


def test_a_clause_that_only_a_person_can_check_is_never_clear(tmp_path):
    papers = replay(tmp_path, [at("2025-06-01")])[PAPERS]
    assert (papers.verdict, papers.governed, papers.unknown) == ("undetermined", 1, 1)
    assert papers.why == "Not testable by machine. Ask the archive for the papers of one use in every quarter."
    assert replay(tmp_path, [at("2025-06-01") | {"gen_ai.provider.name": "other"}])[PAPERS].verdict == "not_applicable"


def test_what_cannot_be_tested_is_listed_and_does_not_count_as_a_check(tmp_path):
    run = auditor.replay([at("2025-06-01", **{"api_key.id": "k"})], policies=PACK)
    assert run.data.coverage.not_testable == (PAPERS,)
    assert run.data.manifest.totals.checks == run.data.manifest.totals.decided == 2


def test_models_that_are_not_known_are_listed(tmp_path):
    names = ["support-prod", "support-prod", "gpt-4o", "zzz"]
    records = [LEGAL | {"record.id": str(i), "gen_ai.request.model": name} for i, name in enumerate(names)]
    run = auditor.replay([r | {"gen_ai.provider.name": "openai", "route": None} for r in records], policies=PACK)
    assert run.data.coverage.unresolved_models == {"support-prod": 2, "zzz": 1}
