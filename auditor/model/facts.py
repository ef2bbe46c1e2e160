"""The schema of the fact tables: every fact's name, type, unit and meaning. Docs and JSON Schema are made from it.

A fact named as in the OpenTelemetry semantic conventions is marked `otel`; the other names are ours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from pydantic import JsonValue

Value = str | bool | int | float | datetime
FactValue = Value | Sequence[str | None] | None
"""What a fact can be for one row; None is missing, also as an element of a list."""

FactType = Literal["string", "integer", "number", "boolean", "timestamp", "strings"]
"""`strings` is a list of strings; a condition on it holds when any element meets it, and an element may be missing."""

KIND_WORDS: dict[FactType, str] = {
    "string": "text",
    "strings": "text",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "timestamp": "a time such as 2025-05-31T00:00:00Z",
}


@dataclass(frozen=True)
class Fact:
    """One column of a fact table.

    Attributes:
        name: dotted name, as written in records and rules.
        type: the type of its values.
        meaning: one sentence for readers of the docs.
        unit: unit of a number, empty where there is none.
        otel: whether OpenTelemetry defines the name.
        text: whether it holds free text written by people or models, which is read only when a rule needs it.
        values: the values it may take, if the set is closed; used to catch spelling errors in packs.
    """

    name: str
    type: FactType
    meaning: str
    unit: str = ""
    otel: bool = False
    text: bool = False
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """A fact table: what one row is, where rows come from, and its facts by name."""

    name: str
    row: str
    filled_from: str
    facts: dict[str, Fact]


def _table(name: str, row: str, filled_from: str, *groups: tuple[Fact, ...]) -> Table:
    return Table(name, row, filled_from, {fact.name: fact for group in groups for fact in group})


def _otel(name: str, type_: FactType, meaning: str, unit: str = "", *, text: bool = False) -> Fact:
    return Fact(name, type_, meaning, unit, otel=True, text=text)


ROUTES = ("direct", "azure", "bedrock", "vertex", "openrouter", "self-hosted", "other")
"""The ways in which a model is reached."""
TIMESTAMP = Fact("timestamp", "timestamp", "When it happened (RFC 3339; UTC where no offset is given)")

CALL = (
    TIMESTAMP,
    Fact("record.id", "string", "The record's own id at its source; with the time it tells duplicates"),
    Fact(
        "record.ids", "strings", "Ids under which other systems know the call; reported by several, it is counted once"
    ),
    Fact(
        "record.parent",
        "string",
        "Id, among those of another record, of the span or call around it, which is not counted",
    ),
    Fact(
        "record.kind",
        "string",
        "What the record is: one call, or a bucket that sums up calls and of which single calls cannot be told",
        values=("call", "bucket"),
    ),
    Fact("bucket.seconds", "integer", "Time that a bucket sums up", "seconds"),
    Fact("request.count", "integer", "Requests the record stands for: 1 for a call, more for a bucket", "requests"),
    _otel("gen_ai.provider.name", "string", "Who provided the model, as OpenTelemetry spells it"),
    _otel("gen_ai.operation.name", "string", "What was asked: chat, embeddings, generate_content, …"),
    _otel("gen_ai.request.model", "string", "Model asked for"),
    _otel("gen_ai.response.model", "string", "Model that answered"),
    _otel("gen_ai.response.id", "string", "The provider's id of the answer"),
    _otel("gen_ai.conversation.id", "string", "Conversation the call belongs to"),
    _otel("gen_ai.output.type", "string", "What was produced: text, json, image, speech"),
    _otel("gen_ai.usage.input_tokens", "integer", "Tokens read, cached ones included", "tokens"),
    _otel("gen_ai.usage.output_tokens", "integer", "Tokens written, reasoning included", "tokens"),
    _otel("gen_ai.usage.cache_read.input_tokens", "integer", "Of the tokens read, those from a cache", "tokens"),
    _otel("gen_ai.usage.cache_write.input_tokens", "integer", "Of the tokens read, those put in a cache", "tokens"),
    _otel("gen_ai.usage.reasoning.output_tokens", "integer", "Of the tokens written, reasoning", "tokens"),
    _otel("gen_ai.response.finish_reasons", "strings", "Why generation ended: stop, length, content_filter, …"),
    Fact("call.cost", "number", "What it cost, as the source tells", "US dollars"),
    _otel("http.response.status_code", "integer", "HTTP status of the answer"),
    _otel("error.type", "string", "Kind of error, if the call failed"),
    Fact("prompt.text", "string", "What was sent to the model", text=True),
    Fact("completion.text", "string", "What the model answered", text=True),
    Fact(
        "prompt.template",
        "string",
        "Digest of how the prompt begins, figures left out; equal for prompts of one template",
    ),
    Fact("prompt.language", "string", "Language of the prompt (BCP 47), where the source notes it"),
    Fact("request.tools", "strings", "Tools of the provider that the call was given: google_search, computer_use, …"),
    Fact("request.filters_lowered", "boolean", "Whether the call lowers or switches off the provider's safety filters"),
    Fact("content.flags", "strings", "Categories that a moderation or guardrail system raised on the call"),
    Fact(
        "route",
        "string",
        "How the model was reached; decides which documents govern",
        values=ROUTES,
    ),
    _otel("server.address", "string", "Host that was called"),
    _otel("client.address", "string", "Address the call came from"),
    _otel("user_agent.original", "string", "User agent of the caller"),
    _otel("geo.country.iso_code", "string", "Country the call came from (ISO 3166-1 alpha-2)"),
    _otel("geo.region.iso_code", "string", "Region the call came from (ISO 3166-2)"),
    _otel("cloud.region", "string", "Region or place in which the provider ran the model, in its own words"),
    _otel("service.name", "string", "Service that made the call, as its telemetry names itself"),
    Fact("client.anonymised", "boolean", "Whether the call came through a VPN, an anonymising proxy or rented hosts"),
    Fact("organization.id", "string", "The provider's id of the account's organisation"),
    Fact("project.id", "string", "Project, workspace or team the call was billed to"),
    Fact("account.id", "string", "Account that made the call"),
    Fact("api_key.id", "string", "Id or hash of the credential; never the credential"),
    _otel("user.id", "string", "Person or principal who holds the credential"),
    Fact("end_user.id", "string", "The customer's customer on whose behalf the call was made"),
    Fact("end_user.profile.id", "string", "Profile of the end user's company or person at the provider"),
    Fact("end_user.country", "string", "Country of the end user (ISO 3166-1 alpha-2)"),
    Fact("end_user.age", "integer", "Age of the end user", "years"),
)

CALLED = (
    Fact(
        "called_model.maker",
        "string",
        "Who made the model that answered, whoever served it: openai, anthropic, meta, …",
    ),
    Fact("called_model.family", "string", "Line of models it belongs to: gpt, claude, llama, …"),
    Fact("called_model.version", "string", "Its version in that line, as far as its name tells"),
    Fact("called_model.licences", "strings", "Licences of its weights; empty where its maker serves it"),
)
"""What the registry of models tells of the model that a record names."""

ACCOUNT = (
    Fact(
        "account.plan",
        "string",
        "Kind of contract the account is under",
        values=("api", "enterprise", "consumer", "free"),
    ),
    Fact(
        "account.country",
        "string",
        "Country of whoever holds the account (ISO 3166-1 alpha-2); else the organisation's",
    ),
    Fact("account.payment.id", "string", "Means of payment the account is billed to; an id or hash"),
    Fact("account.use_case_filed", "boolean", "Whether the use was described to the provider where it asks for that"),
    Fact(
        "account.sharing_consent", "boolean", "Whether content may be passed to the model's maker where the host asks"
    ),
    Fact(
        "account.filters_modified",
        "boolean",
        "Whether content filters or abuse monitoring were changed for the account",
    ),
    Fact("account.public_code_filter", "boolean", "Whether suggestions that match public code are held back"),
    Fact("account.zero_retention", "boolean", "Whether the provider keeps nothing of the account's calls"),
    Fact("account.storage_region", "string", "Where the provider stores the account's content, in its own words"),
    Fact("account.baa", "boolean", "Whether a healthcare addendum (BAA) with the provider covers the account"),
    Fact("account.dpa", "boolean", "Whether a data processing agreement (DPA) with the provider covers the account"),
    Fact("account.training_opt_in", "boolean", "Whether the account lets the provider train on its content"),
    Fact(
        "account.as_of",
        "string",
        "The snapshots of the account that facts of the row were taken from, with their times",
    ),
    Fact("account.shared", "boolean", "Whether one login or personal credential is used by several people"),
    Fact("api_key.name", "string", "Name that the credential was given"),
    Fact("api_key.owner", "string", "Organisation that the credential was issued to"),
    Fact("api_key.transferred", "boolean", "Whether the credential was bought from, sold or handed to somebody else"),
    Fact(
        "api_key.kind",
        "string",
        "Kind of credential",
        values=("api", "admin", "subscription", "cloud", "trial"),
    ),
    Fact("api_key.exposed", "boolean", "Whether the credential is published, or part of what users are given"),
    Fact("user.employer", "string", "Organisation that the holder of the credential works for"),
)

APPLICATION = (
    Fact("application.id", "string", "Application, as named in auditor.yaml"),
    Fact("application.purpose", "string", "What it is for: support, coding, classification, training, distillation, …"),
    Fact("application.domain", "string", "Field it decides or advises in: medical, legal, employment, credit, …"),
    Fact("application.audience", "string", "Who uses it", values=("internal", "business", "consumer")),
    Fact("application.automated_decision", "boolean", "Whether it decides about people without a person deciding"),
    Fact("application.human_review", "boolean", "Whether a qualified person reviews its results before they count"),
    Fact("application.licensed_review", "boolean", "Whether a licensed professional is suitably involved"),
    Fact("application.ai_disclosed", "boolean", "Whether people are told that they deal with AI"),
    Fact(
        "application.disclosure_scope",
        "string",
        "When people are told that they deal with AI",
        values=("session", "once", "none"),
    ),
    Fact("application.accuracy_notice", "boolean", "Whether users are told to check factual claims"),
    Fact("application.known_risks_disclosed", "boolean", "Whether its known dangers are told to the people who use it"),
    Fact("application.output_as_human", "boolean", "Whether its output is presented as made by a person"),
    Fact("application.output_published", "boolean", "Whether its output is published or shared with outsiders"),
    Fact("application.output_reviewed", "boolean", "Whether output is reviewed by a person before it is shared"),
    Fact("application.passthrough", "boolean", "Whether it sells or hands on plain access to the model"),
    Fact("application.competes", "boolean", "Whether it competes with the provider's own products"),
    Fact("application.third_party_training", "boolean", "Whether its output is handed to others who train on it"),
    Fact("application.minimum_age", "integer", "Youngest person it is offered to", "years"),
    Fact(
        "application.minor_safeguards", "boolean", "Whether age checks, filters and monitoring for minors are in place"
    ),
    Fact("application.parental_consent", "boolean", "Whether a parent or guardian agreed to use by minors"),
    Fact("application.uses", "strings", "Practices the terms name: social-scoring, emotion-inference, …"),
    Fact("application.environment", "string", "How far it is in use", values=("production", "preview", "test")),
    Fact("application.commercial", "boolean", "Whether it serves a commercial purpose"),
    Fact(
        "application.privacy_notice", "boolean", "Whether people were told, or agreed, that their data is processed so"
    ),
    Fact(
        "application.end_user_terms",
        "boolean",
        "Whether its users are bound to the terms that must be passed on to them",
    ),
    Fact(
        "application.provenance_kept",
        "boolean",
        "Whether watermarks, provenance data and AI labels are left as they are",
    ),
    Fact("application.citations_kept", "boolean", "Whether citations and source links that come with output are kept"),
    Fact("application.auto_confirm", "boolean", "Whether it takes actions that a person was to confirm without asking"),
    Fact("application.registered_use", "boolean", "Whether its use is the one that was registered with the provider"),
    Fact("application.benchmark_published", "boolean", "Whether measurements of the service or model are published"),
    Fact(
        "application.benchmark_replicable",
        "boolean",
        "Whether what is needed to repeat published measurements is given",
    ),
    Fact("application.marks_used", "boolean", "Whether the provider's names or marks are used in its own name"),
    Fact(
        "application.attribution_text",
        "string",
        "Attribution shown in its site, interface or documentation; empty if none",
    ),
    Fact("application.training_service", "string", "Provider whose own tuning service trains the model, if one does"),
    Fact("application.model.id", "string", "Model that its output trains, as named in auditor.yaml"),
)

DATA = (
    Fact("data.personal", "boolean", "Whether personal data is sent"),
    Fact("data.health", "boolean", "Whether protected health information is sent"),
    Fact("data.children", "boolean", "Whether personal data of children under 13 is sent"),
    Fact("data.payment_cards", "boolean", "Whether payment card or account data is sent"),
    Fact("data.confidential", "boolean", "Whether confidential or regulated data is sent"),
    Fact("data.export_controlled", "boolean", "Whether data is sent that needs a government export licence"),
    Fact(
        "data.rights_held",
        "boolean",
        "Whether the company holds the rights to what it sends, licences of datasets included",
    ),
)

ORGANISATION = (
    Fact("organisation.name", "string", "The company that is audited"),
    Fact("organisation.country", "string", "Principal place of business (ISO 3166-1 alpha-2)"),
    Fact("organisation.owner_country", "string", "Head office of whoever owns most of it (ISO 3166-1 alpha-2)"),
    Fact("organisation.owner_share", "number", "Share held, directly or indirectly, from that country", "percent"),
    Fact("organisation.sanctioned", "boolean", "Whether a screening found it, or an owner, on a sanctions list"),
    Fact("organisation.sells_models", "boolean", "Whether it offers AI models or assistants of its own"),
    Fact(
        "organisation.annual_revenue",
        "number",
        "Revenue of the company and its affiliates in twelve months",
        "US dollars",
    ),
    Fact("organisation.monthly_revenue", "number", "Revenue from products with the model in a month", "US dollars"),
    Fact(
        "organisation.breaches_reported", "boolean", "Whether known breaches were told to the providers that ask for it"
    ),
    Fact("organisation.verification_answered", "boolean", "Whether providers' identity and use checks were answered"),
    Fact("organisation.marks_permission", "boolean", "Whether the provider permitted use of its names and marks"),
)

AUTHORISATION = (
    Fact("authorisation.id", "string", "The provider's authorisation that covers the subject"),
    Fact(
        "authorisation.scope",
        "strings",
        "What the authorisations held cover, as provider/category; empty if none is held",
    ),
)


def model_facts(prefix: str) -> tuple[Fact, ...]:
    """Facts of a model that the company builds, below `prefix`."""
    return (
        Fact(
            f"{prefix}.kind",
            "string",
            "What the model does",
            values=("generative", "classifier", "embedding", "reward", "image", "speech", "other"),
        ),
        Fact(f"{prefix}.competes", "boolean", "Whether it competes with the provider's models or services"),
        Fact(f"{prefix}.distributed", "boolean", "Whether anybody outside the company can get or use the model"),
        Fact(f"{prefix}.base", "string", "Model it was derived from"),
        Fact(f"{prefix}.base_maker", "string", "Who made the model it was derived from"),
        Fact(f"{prefix}.base_licences", "strings", "Licences that the weights it was derived from are under"),
        Fact(f"{prefix}.name", "string", "Name it is published under"),
        Fact(f"{prefix}.commercial", "boolean", "Whether it serves a commercial purpose"),
    )


DEPLOYMENT = (
    TIMESTAMP,
    Fact("deployment.id", "string", "Model or application that is offered, as named in auditor.yaml"),
    Fact("deployment.kind", "string", "What is offered", values=("model", "application")),
    Fact(
        "deployment.weights_released",
        "boolean",
        "Whether copies of its weights are given to anybody outside the company",
    ),
    Fact(
        "deployment.terms_passed_on", "boolean", "Whether recipients are bound to the use restrictions of its licences"
    ),
    Fact("deployment.changes_marked", "boolean", "Whether changed files say that they were changed"),
    Fact("deployment.guardrails_kept", "boolean", "Whether safety guardrails of the model were left in place"),
    Fact("deployment.as_service", "boolean", "Whether the model itself is sold as a hosted service"),
    Fact("deployment.monthly_active_users", "integer", "People who use the product in a month", "users"),
    Fact("deployment.licence_files", "strings", "Licence and notice files that go with it"),
    Fact("deployment.notice_text", "string", "Text of its notice file", text=True),
    Fact("deployment.attribution_text", "string", "Attribution shown in its site, interface or documentation"),
    Fact("deployment.countries", "strings", "Countries it is offered in (ISO 3166-1 alpha-2)"),
    Fact("deployment.known_risks_disclosed", "boolean", "Whether its known dangers are told to the people who use it"),
    Fact("model.id", "string", "The model, as named in auditor.yaml"),
    Fact("model.sources", "strings", "Models whose weights or output made it, and datasets' generators"),
    Fact("model.source_makers", "strings", "Makers of those models"),
    Fact("model.source_licences", "strings", "Licences of those models' weights"),
    Fact(
        "model.monthly_active_users",
        "integer",
        "Users of the licensee and affiliates in the month before the licensed model's release",
        "users",
    ),
)

DATASET = (
    TIMESTAMP,
    Fact("training.run.id", "string", "Training run or planned run"),
    Fact("training.service", "string", "Provider whose own tuning service runs it, if one does"),
    Fact("dataset.id", "string", "Dataset that goes in"),
    Fact("dataset.generators", "strings", "Models whose output the dataset holds"),
    Fact("dataset.generator_makers", "strings", "Makers of those models; empty if people wrote it"),
    Fact(
        "dataset.generator_licences", "strings", "Licences of those models' weights; empty for their makers' services"
    ),
    Fact("dataset.generator_providers", "strings", "Providers of those models; empty if people wrote it"),
    Fact(
        "dataset.modality", "string", "What the generated data is", values=("text", "image", "audio", "video", "code")
    ),
    Fact("dataset.made_for_training", "boolean", "Whether it was generated for the express purpose of training"),
    Fact(
        "dataset.generator_plan",
        "string",
        "Plan the output was obtained under",
        values=("api", "enterprise", "consumer", "free"),
    ),
    Fact("dataset.route", "string", "How the generating models were reached", values=ROUTES),
    Fact("dataset.licence", "string", "Licence of the dataset (SPDX id where there is one)"),
    Fact("dataset.rows", "integer", "Rows", "rows"),
    Fact("model.id", "string", "Model that is trained"),
)

EVENT = (
    TIMESTAMP,
    Fact("record.id", "string", "The event's id at its source"),
    _otel("event.name", "string", "What happened: api_key.created, organization.updated, …"),
    Fact("actor.id", "string", "Who did it"),
    Fact("organization.id", "string", "The provider's id of the organisation"),
    Fact("project.id", "string", "Project or workspace"),
    Fact("api_key.id", "string", "Id of the credential concerned"),
    _otel("client.address", "string", "Address it came from"),
    _otel("gen_ai.provider.name", "string", "Provider that recorded it"),
)

MATCH = (
    TIMESTAMP,
    Fact("dataset.id", "string", "Dataset that holds the copy"),
    Fact("dataset.row", "integer", "Row, counted from 1", "rows"),
    Fact("record.id", "string", "Logged call whose output was copied"),
    _otel("gen_ai.provider.name", "string", "Provider of the copied output"),
    _otel("gen_ai.request.model", "string", "Model of the copied output"),
    Fact("match.share", "number", "Share of the row that is copied", "percent"),
    Fact("model.id", "string", "Model that the dataset trains"),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        _table(
            "usage",
            "one call to a model, or one bucket of calls",
            "usage sources, completed from declarations",
            CALL,
            CALLED,
            ACCOUNT,
            APPLICATION,
            model_facts("application.model"),
            DATA,
            ORGANISATION,
            AUTHORISATION,
        ),
        _table(
            "events", "one control event of an account", "providers' audit and compliance logs", EVENT, ORGANISATION
        ),
        _table(
            "training",
            "one dataset that goes into one training run",
            "declarations",
            DATASET,
            model_facts("model"),
            ORGANISATION,
            AUTHORISATION,
        ),
        _table(
            "matches",
            "one dataset row that copies a logged output",
            "the lineage index",
            MATCH,
            CALLED,
            model_facts("model"),
            ORGANISATION,
            AUTHORISATION,
        ),
        _table(
            "deployments",
            "one model or application offered to somebody",
            "declarations",
            DEPLOYMENT,
            APPLICATION[1:],
            model_facts("model"),
            ORGANISATION,
            AUTHORISATION,
        ),
        _table("organisation", "the company itself", "declarations", (TIMESTAMP,), ORGANISATION),
    )
}

USAGE = TABLES["usage"]
SINGLE = frozenset(
    (
        "gen_ai.response.id", "gen_ai.conversation.id", "gen_ai.output.type", "gen_ai.response.finish_reasons",
        "http.response.status_code", "error.type", "prompt.text", "completion.text", "prompt.template", "prompt.language",
        "request.tools", "request.filters_lowered", "content.flags", "client.address", "user_agent.original",
        "geo.country.iso_code", "geo.region.iso_code", "client.anonymised", "end_user.id",
    )
)  # fmt: skip
"""Facts of `usage` that only a single call can have, and a bucket of calls never."""

SNAPSHOTS = _table(
    "snapshots",
    "one account, project, credential or user as a provider's console showed it at a time",
    "account snapshots",
    (
        Fact("timestamp", "timestamp", "When the snapshot was taken"),
        Fact(
            "snapshot.of",
            "string",
            "What it is about",
            values=("organization", "project", "api_key", "user", "user_profile"),
        ),
        Fact("snapshot.id", "string", "Its id, as records name it"),
    ),
    tuple(
        USAGE.facts[name]
        for name in (
            "account.plan",
            "account.country",
            "account.filters_modified",
            "account.zero_retention",
            "account.storage_region",
            "account.baa",
            "account.dpa",
            "account.training_opt_in",
            "api_key.name",
            "api_key.owner",
            "api_key.kind",
            "application.id",
            "application.passthrough",
            "end_user.country",
        )
    ),
)
"""What is known of accounts, dated. No rules are written on it: it completes `usage` (see `auditor.facts.usage`)."""


def typed_value(fact: Fact, value: JsonValue) -> Value | None:
    """Return `value` as the type of `fact` (one element of it, for a list), or None where it is of another type."""
    match fact.type:
        case "string" | "strings":
            return value if isinstance(value, str) else None
        case "boolean":
            return value if isinstance(value, bool) else None
        case "integer":
            return value if isinstance(value, int) and not isinstance(value, bool) else None
        case "number":
            return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
        case "timestamp":
            return parse_time(value) if isinstance(value, str) else None


def parse_time(text: str) -> datetime | None:
    """Return an RFC 3339 time in UTC, taking UTC where no offset is given; None if it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def typed_row(table: str, facts: Mapping[str, JsonValue]) -> dict[str, FactValue]:
    """Return facts as written in YAML or JSON as a row of `table`; null, and what is of another type, is missing."""
    return {name: _typed(TABLES[table].facts[name], value) for name, value in facts.items()}


def _typed(fact: Fact, value: JsonValue) -> FactValue:
    if fact.type == "strings":
        if not isinstance(value, list):
            return None
        return [item for item in value if item is None or isinstance(item, str)]
    return typed_value(fact, value)
