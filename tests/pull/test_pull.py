"""Every provider, against a server that speaks its paging: what is asked for, what is kept, what the tables hold."""

import asyncio
import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from auditor.engine import Database
from auditor.errors import AuditorError, ExitCode, IncompleteRunError
from auditor.pull import PROVIDERS, Pull, plan
from auditor.pull.endpoint import within
from auditor.pull.paging import following, shards_of
from auditor.pull.store import Store
from auditor.sources import SOURCES, Input, ingest
from tests.conftest import SHARED
from tests.pull import server
from tests.pull.conftest import FAST, KEYS, SINCE, digests, rows
from tests.pull.server import GROUPS, Asked, Reply, Route, Site, serving

DAYS = 10
ROUTES: dict[str, Route] = {
    "openai": server.openai(key=""),
    "anthropic": server.anthropic(),
    "langfuse": server.langfuse(pair="pk-lf-CANARY:sk-lf-CANARY"),
    "helicone": server.helicone(),
    "portkey": server.portkey(),
    "litellm": server.litellm(),
    "cloudflare": server.cloudflare(),
}
OPENAI = PROVIDERS["openai"].endpoints


@pytest.mark.parametrize("provider", ROUTES)
def test_a_bad_server_gives_the_same_tables_as_a_good_one(take, provider):
    with serving(Site(ROUTES[provider])) as good:
        calm, folder = take(good, provider, into="good")
    expected = digests(folder)
    for seed in (1, 2):
        with serving(Site(ROUTES[provider], trouble=0.35, shuffle=True, repeat=True, seed=seed)) as bad:
            wild, folder = take(bad, provider, into=f"bad{seed}")
        assert bad.troubles
        found = {path: digest for path, digest in digests(folder).items() if not path.startswith("snapshots/")}
        assert found == {path: digest for path, digest in expected.items() if not path.startswith("snapshots/")}
        assert [e.records for e in wild.endpoints] == [e.records for e in calm.endpoints]
        if provider != "portkey":  # of which the file of an export comes as it is
            assert sum(e.duplicates for e in wild.endpoints) > sum(e.duplicates for e in calm.endpoints)


def test_openai_usage_counts(take):
    site = Site(server.openai(rows=4))
    with serving(site):
        done, folder = take(site, "openai", "usage-completions", "costs")
    (usage, costs) = done.endpoints
    assert (usage.pages, usage.records, usage.duplicates, usage.rejected, usage.unread) == (5, 4 * DAYS, 0, 0, "")
    assert (usage.first, usage.last) == ("2026-09-01T00:00:00Z", "2026-09-10T00:00:00Z")
    start = int(datetime(2026, 9, 1, tzinfo=UTC).timestamp())
    sums = Counter(
        {
            f"{datetime.fromtimestamp(day, UTC):%Y-%m-%d}": sum(
                r["input_tokens"] for r in server._results("completions", day, 4)
            )
            for day in range(start, start + DAYS * 86400, 86400)
        }
    )
    found: Counter[str] = Counter()
    for time, tokens in rows(folder, "timestamp", "gen_ai.usage.input_tokens"):
        found[f"{time:%Y-%m-%d}"] += tokens or 0
    assert found == sums
    names = sorted(path.name for path in (folder / "records").iterdir())
    assert names == [f"day=2026-09-{day:02d}" for day in range(1, 11)]
    assert done.wanted.left_out["chat-completions"] == "not asked for"
    assert costs.pages == 5


def test_openai_asks_as_the_specification_allows(take):
    site = Site(server.openai(key=""))
    with serving(site):
        take(site, "openai")
    queries = {asked.path: asked.query for asked in site.asked}
    for name in server.GROUPS.keys() - {"costs"}:
        query = queries[f"/organization/usage/{name}"]
        assert {value for key, value in query if key == "group_by[]"} == GROUPS[name]
        assert ("limit", "31") in query
        assert ("bucket_width", "1d") in query
    assert len({asked.headers["authorization"] for asked in site.asked if asked.path != "/chat/completions"}) == 1


@pytest.mark.parametrize("endpoint", OPENAI, ids=[endpoint.name for endpoint in OPENAI])
def test_the_answers_of_the_specification_are_pages(endpoint):
    folder = SHARED / "fixtures" / "usage" / "openai" / "spec_examples"
    name = "get" + endpoint.path.format(parent="project_id").replace("/", "_")
    found = next(iter(sorted(folder.glob(f"{name}.json")) or sorted(folder.glob(f"{name}_0*.json"))), None)
    if not found:
        pytest.skip(f"the example {name} is not here")
    value = json.loads(found.read_text("utf-8"))
    page = value["response"]
    assert ("/v1" if value["path"].startswith("/v1") else "") + endpoint.path.replace(
        "{parent}", "{project_id}"
    ) == value["path"]
    asked_again = following(endpoint, page, "")
    assert (asked_again is not None) == bool(within(page, ("has_more",)))
    if endpoint.rows:
        assert all(row["snapshot.of"] for row in endpoint.rows(page, "proj_1", "org-1"))


def test_openai_snapshots(take):
    with serving(Site(server.openai())) as site:
        done, folder = take(site, "openai", "project-keys", "project-retention", "retention", "admin-keys")
    assert [e.endpoint for e in done.endpoints] == [
        "projects",
        "admin-keys",
        "project-keys",
        "retention",
        "project-retention",
    ]
    columns = (
        "snapshot.of",
        "snapshot.id",
        "account.storage_region",
        "account.zero_retention",
        "account.filters_modified",
    )
    found = set(rows(folder, *columns, of="snapshots"))
    assert ("organization", "org-acme", None, True, None) in found
    assert ("project", "proj_a", "EU_STORAGE_PROCESSING", None, None) in found
    assert ("project", "proj_a", None, None, True) in found
    assert ("project", "proj_b", None, None, None) not in found  # the organisation's default says nothing of its own
    keys = rows(folder, "snapshot.id", "api_key.name", "api_key.kind", of="snapshots")
    assert ("key_proj_b_2", "Key 2", "api") in keys
    assert ("key_admin", "Main", "admin") in keys
    now = datetime.now(UTC).replace(tzinfo=None)
    assert all(abs((now - time).total_seconds()) < 600 for (time,) in rows(folder, "timestamp", of="snapshots"))


def test_anthropic_snapshots_and_headers(take):
    with serving(Site(server.anthropic())) as site:
        done, folder = take(site, "anthropic")
    found = rows(
        folder, "snapshot.id", "account.storage_region", "end_user.country", "application.passthrough", of="snapshots"
    )
    assert ("wrkspc_1", "us", None, None) in found
    assert ("uprof_1", None, "DE", True) in found
    assert ("uprof_2", None, None, False) in found
    by_path = {asked.path: asked for asked in site.asked}
    assert by_path["/v1/user_profiles"].headers["x-api-key"] == KEYS["ANTHROPIC_API_KEY"]
    assert by_path["/v1/user_profiles"].headers["anthropic-beta"] == "user-profiles-2026-09-04"
    assert by_path["/v1/compliance/activities"].headers["x-api-key"] == KEYS["ANTHROPIC_ADMIN_KEY"]
    pages = {e.endpoint: e.pages for e in done.endpoints}
    assert pages["compliance-activities"] == 2
    assert pages["analytics-usage"] == 3


def test_langfuse_asks_for_every_field_by_day(take):
    with serving(Site(server.langfuse(per_day=5, page=2, pair="pk-lf-CANARY:sk-lf-CANARY"))) as site:
        done, _ = take(site, "langfuse")
    assert done.endpoints[0].pages == 3 * DAYS
    assert {asked.one("fields") for asked in site.asked} == {
        "core,basic,time,io,metadata,model,usage,prompt,metrics,trace_context"
    }
    assert {
        asked.one("toStartTime") for asked in site.asked if asked.one("fromStartTime") == "2026-09-10T00:00:00Z"
    } == {"2026-09-11T00:00:00Z"}


@pytest.mark.parametrize(("provider", "pages"), [("helicone", 3), ("portkey", 1), ("litellm", 3), ("cloudflare", 4)])
def test_gateways(take, provider, pages):
    with serving(Site(ROUTES[provider])) as site:
        done, folder = take(site, provider)
    assert done.endpoints[0].pages == pages * DAYS
    expected = {"helicone": 2300, "portkey": 3, "litellm": 5, "cloudflare": 120}[provider] * DAYS
    assert done.endpoints[0].records == expected
    assert len(set(rows(folder, "record.id", "timestamp"))) == expected


def test_openrouter_is_asked_day_by_day_and_not_too_far_back(take):
    with serving(Site(server.openrouter())) as site:
        settings = replace(FAST, now=lambda: datetime(2026, 9, 11, tzinfo=UTC))
        done, _ = take(site, "openrouter", settings=settings)
        assert [asked.query for asked in site.asked if asked.one("date") == "2026-09-01"] == [[("date", "2026-09-01")]]
        assert done.endpoints[0].pages == DAYS
        with pytest.raises(AuditorError, match="keeps 30 days"):
            take(site, "openrouter", into="older", settings=settings, since=date(2026, 8, 1))


def test_what_no_source_reads_is_kept_and_said(take):
    def route(asked: Asked) -> Reply:
        return Reply({"object": "list", "data": [{"nobody": "knows"}], "has_more": False, "last_id": None})

    with serving(Site(route)) as site:
        done, _ = take(site, "openai", "chat-completions")
    assert done.endpoints[0].unread.startswith("of no format that is known")


def test_everything_that_is_served_is_kept_as_it_was(take):
    content = b'{ "object":"list",\r\n  "data" : [],"has_more":false , "float": 1.10 }\n'
    with serving(Site(lambda _: Reply(content=content))) as site:
        done, folder = take(site, "openai", "projects")
    kept, head = Store(folder).read("projects", "all", 0)
    assert kept == content
    assert (head.bytes, head.sha256) == (len(content), done.endpoints[0].sha256)
    assert head.url == f"{site.url}/organization/projects?include_archived=true&limit=100"


def test_the_record_of_a_pull(take):
    with serving(Site(server.openai())) as site:
        done, folder = take(site, "openai", "projects", "audit-logs")
    kept = json.loads((folder / "acquisition.json").read_text())
    assert kept["client"].startswith("tos-auditor ")
    assert abs(kept["clock_offset"]) < 2
    assert kept["started"] <= kept["finished"]
    (logs, projects) = kept["endpoints"]
    assert (logs["endpoint"], logs["uri"]) == ("audit-logs", f"{site.url}/organization/audit_logs")
    assert "audit_logs.read" in logs["permission"]
    assert (projects["pages"], projects["records"]) == (2, 3)
    assert done.model_dump(mode="json") == kept


def test_projects_are_asked_for_their_keys_one_after_another_and_no_path_is_made_up(take):
    names = ["proj_a", "../../admin", "..", "a/b?c", "\ud800", "", "é"]

    def route(asked: Asked) -> Reply | None:
        if asked.path == "/organization/projects":
            data = [{"id": name, "name": "x"} for name in names]
            return Reply({"object": "list", "data": data, "has_more": False, "last_id": "x"})
        return Reply({"object": "list", "data": [{"id": f"key of {asked.path}"}], "has_more": False, "last_id": "x"})

    with serving(Site(route)) as site:
        _, folder = take(site, "openai", "project-keys")
    paths = [asked.path for asked in site.asked[1:]]
    middle = ["proj_a", "..%2F..%2Fadmin", "a%2Fb%3Fc", "%C3%A9"]
    assert sorted(paths) == sorted(f"/organization/projects/{name}/api_keys" for name in middle)
    assert all(path.parent.parent == folder / "raw" for path in (folder / "raw").glob("*/*"))


def test_refusals_name_the_permission_and_the_providers_words(take):
    with serving(Site(server.openai(key="sk-other"))) as site, pytest.raises(AuditorError) as caught:
        take(site, "openai", "usage-completions", "projects")
    assert caught.value.exit_code == ExitCode.USAGE
    message = str(caught.value)
    assert "answers 401: Incorrect API key provided" in message
    assert "OPENAI_ADMIN_KEY must be a Admin API key with: api.usage.read" not in message
    assert "OPENAI_ADMIN_KEY must be an Admin API key with: api.usage.read" in message
    assert {fault.location.file for fault in caught.value.faults} == {"usage-completions", "projects"}


def test_the_other_endpoints_go_on_if_one_is_refused(take):
    route = server.openai()

    def refusing(asked: Asked) -> Reply | None:
        if asked.path.endswith("audit_logs"):
            return Reply({"error": {"message": "\x1b[31mnot\u202e enabled " + "x" * 900}}, 403)
        return route(asked)

    with serving(Site(refusing)) as site:
        with pytest.raises(AuditorError) as caught:
            take(site, "openai", "audit-logs", "usage-completions")
        assert "\x1b" not in str(caught.value)
        assert "\u202e" not in str(caught.value)
        assert len(str(caught.value)) < 800
        before = len([asked for asked in site.asked if "completions" in asked.path])
        site.route = route
        done, _ = take(site, "openai", "audit-logs", "usage-completions")
        assert before == 5
        assert len([asked for asked in site.asked if "completions" in asked.path]) == before
    assert [e.pages > 0 for e in done.endpoints] == [True, True]


def test_another_pull_into_the_same_folder_is_refused(take):
    with serving(Site(server.openai())) as site:
        take(site, "openai", "projects")
        asked = len(site.asked)
        again, _ = take(site, "openai", "projects")
        assert (again.endpoints[0].records, len(site.asked)) == (3, asked)
        with pytest.raises(AuditorError, match="begun with another --since"):
            take(site, "openai", "projects", since=date(2026, 8, 1))
        with pytest.raises(AuditorError, match="begun with another --only"):
            take(site, "openai", "costs")
        with pytest.raises(AuditorError, match="begun with another provider"):
            take(site, "anthropic")
        same, folder = take(site, "openai", since=None, until=None, base_url=None)
        assert same == again
        (folder / "acquisition.json").write_text("{")
        with pytest.raises(AuditorError, match=r"cannot read .*acquisition\.json; remove it"):
            take(site, "openai", "projects")
        (folder / "acquisition.json").unlink()
        anew, _ = take(site, "openai", "projects")
        assert (anew, len(site.asked)) == (again, asked)


def test_a_folder_with_other_files_is_refused(take, tmp_path):
    (tmp_path / "pulled").mkdir()
    (tmp_path / "pulled" / "thesis.doc").touch()
    with serving(Site(server.openai())) as site, pytest.raises(AuditorError, match="holds other files"):
        take(site, "openai", "projects")


def test_endpoints_without_a_credential_are_left_out_unless_they_are_named(take):
    keys = {"OPENAI_ADMIN_KEY": "sk-admin-only-key"}
    with serving(Site(server.openai())) as site:
        done, _ = take(site, "openai", keys=keys)
        assert done.wanted.left_out == {"chat-completions": "OPENAI_API_KEY is not set"}
        with pytest.raises(AuditorError, match="OPENAI_API_KEY is not set"):
            take(site, "openai", "chat-completions", into="other", keys=keys)
        with pytest.raises(AuditorError, match="OPENAI_ADMIN_KEY is not set"):
            take(site, "openai", into="none", keys={})
    assert not any((done.endpoints[0].unread, done.endpoints[0].rejected))


def test_a_deadline_ends_it_and_the_same_command_goes_on(take):
    with serving(Site(server.openai(page_days=1), delay=0.05)) as site:
        with pytest.raises(IncompleteRunError, match="run the same command again") as caught:
            take(site, "openai", "usage-completions", deadline=0.3)
        assert caught.value.exit_code == ExitCode.PARTIAL
        kept = len(site.asked)
        assert 0 < kept < DAYS
        done, folder = take(site, "openai", "usage-completions")
        assert len(site.asked) <= DAYS + 1  # what was under way when time was up is asked for again, and nothing else
    with serving(Site(server.openai(page_days=1))) as site:
        _, whole = take(site, "openai", "usage-completions", into="whole")
    assert digests(folder) == digests(whole)
    assert done.endpoints[0].pages == DAYS


def test_a_page_that_leads_nowhere_new_is_an_error_in_the_end(take):
    def route(asked: Asked) -> Reply:
        return Reply({"object": "page", "data": [], "has_more": True, "next_page": "always"})

    with serving(Site(route)) as site, pytest.raises(IncompleteRunError, match="already received"):
        take(site, "openai", "costs", settings=replace(FAST, tries=3))


def test_dry_run_needs_neither_network_nor_credential(tmp_path):
    asked = Pull("openai", tmp_path / "new", date(2026, 1, 1), date(2026, 3, 15))
    _, planned = plan(asked, lambda _: None, date(2026, 9, 1))
    by_name = {item.endpoint: item for item in planned}
    assert by_name["usage-images"].shards == ("2026-01-01_2026-01-31", "2026-02-01_2026-03-03", "2026-03-04_2026-03-15")
    assert by_name["usage-images"].pages == 3
    assert by_name["costs"].shards == ("2026-01-01_2026-03-15",)
    assert by_name["project-keys"].shards is None
    assert not (tmp_path / "new").exists()
    defaults, _ = plan(Pull("langfuse", tmp_path), lambda _: None, date(2026, 9, 1))
    assert (defaults.since, defaults.until) == (date(2026, 8, 2), date(2026, 8, 31))


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=PROVIDERS)
def test_shards_cover_every_day_once(provider):
    for endpoint in provider.endpoints:
        if endpoint.period:
            days = [
                ordinal
                for shard in shards_of(endpoint, SINCE, date(2027, 9, 3))
                for ordinal in range(shard.first.toordinal(), shard.last.toordinal() + 1)
            ]
            assert days == list(range(SINCE.toordinal(), date(2027, 9, 3).toordinal() + 1))


def test_names_are_ours_and_unique():
    for provider in PROVIDERS.values():
        names = [endpoint.name for endpoint in provider.endpoints]
        assert len(set(names)) == len(names)
        assert all(endpoint.of_each in ("", *names) for endpoint in provider.endpoints)
        assert all((endpoint.holds == "snapshots") == bool(endpoint.rows) for endpoint in provider.endpoints)


def test_a_pull_is_read_from_its_tables_alone(take):
    with serving(Site(server.litellm())) as site:
        done, folder = take(site, "litellm")
    with Database() as db:
        read = asyncio.run(ingest(db, [Input(str(folder))], text=()))
        assert {summary.format for summary in read.inputs} == {"parquet"}
        assert sum(summary.records for summary in read.inputs) == done.endpoints[0].records == 5 * DAYS
        assert read.rejected == 0
    (folder / "acquisition.json").unlink()
    with Database() as db, pytest.raises(AuditorError, match="a pull that is not finished"):
        asyncio.run(ingest(db, [Input(str(folder))], text=()))


COUNTED_OTHERWISE = {"costs", "analytics-cost", "usage-vector-stores", "usage-code-interpreter-sessions"}
COUNTED_OTHERWISE |= {"usage-file-search-calls"}
"""Lists of costs, storage and searches, of which no call can be made."""


def test_every_endpoint_has_a_source(take):
    unread: dict[str, str] = {}
    for provider in ROUTES:
        with serving(Site(ROUTES[provider])) as site:
            done, _ = take(site, provider, into=provider)
        told = (e for e in done.endpoints if e.endpoint not in COUNTED_OTHERWISE)
        unread |= {f"{provider} {e.endpoint}": e.unread for e in told if e.unread}
    assert unread == {}, sorted(SOURCES)
