"""Policy packs as they are written in YAML: documents, clauses, clause versions, rules and their tests."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field, JsonValue, StringConstraints, model_validator

from auditor.model.base import Model

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+([._-][a-z0-9]+)*$", max_length=80)]
Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3)]
WebAddress = Annotated[str, StringConstraints(pattern=r"^https://[^\s\"'<>]+$")]

TextHash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
"""The first 16 hexadecimal digits of the SHA-256 of a section's normalised text."""

Severity = Literal["low", "medium", "high", "critical"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
Certainty = Literal["possible", "likely", "certain"]
CERTAINTIES: tuple[Certainty, ...] = get_args(Certainty)
Confidence = Literal["high", "medium", "low"]
TableName = Literal["usage", "events", "training", "matches", "deployments", "organisation"]


class Category(StrEnum):
    """What a clause is about. A new category is a decision, not a detail of a pack."""

    COMPETING_MODEL_TRAINING = "competing-model-training"
    DISTILLATION = "distillation"
    REVERSE_ENGINEERING = "reverse-engineering"
    EXTRACTION = "extraction"
    ACCOUNT_SHARING = "account-sharing"
    KEY_TRANSFER = "key-transfer"
    RESALE = "resale"
    RATE_LIMIT_EVASION = "rate-limit-evasion"
    UNSUPPORTED_REGION = "unsupported-region"
    OWNERSHIP = "ownership"
    SANCTIONS = "sanctions"
    MINORS = "minors"
    HIGH_RISK_DECISION = "high-risk-decision"
    HUMAN_REVIEW = "human-review"
    AI_DISCLOSURE = "ai-disclosure"
    ATTRIBUTION = "attribution"
    NAMING = "naming"
    SCALE_THRESHOLD = "scale-threshold"
    NON_COMMERCIAL = "non-commercial"
    PERSONAL_DATA = "personal-data"
    HEALTH_DATA = "health-data"
    BIOMETRIC = "biometric"
    DISALLOWED_CONTENT = "disallowed-content"
    BENCHMARKING = "benchmarking"
    RETENTION = "retention"
    TRAINING_OPT_OUT = "training-opt-out"
    OUTPUT_AS_HUMAN = "output-as-human"
    SECURITY_TESTING = "security-testing"
    LICENCE_NOTICE = "licence-notice"
    RECORDS = "records"
    OTHER = "other"


class Version(Model):
    """A clause as it stood between two dates, both included and counted in UTC."""

    id: Identifier
    section: str = Field(description="Section number or heading in the document")
    from_: date = Field(alias="from", description="First day in force")
    until: date | None = Field(None, description="Last day in force; absent while it is in force")
    source: str = Field("", description="Which text this version stands in, where that is not the document itself")
    url: WebAddress | None = Field(None, description="Where this version can be read, if not at the document's address")
    confidence: Confidence = Field(description="high: read in the text; medium: second-hand; low: uncertain")
    applies_when: JsonValue = Field(None, description="For whom it was this version, where one time had several")
    text: TextHash | None = Field(
        None, description="Hash of the section's text that was read, as `terms check` makes it"
    )

    @model_validator(mode="after")
    def _dates_in_order(self) -> "Version":
        if self.until and self.until < self.from_:
            raise ValueError("'until' lies before 'from'")
        return self


class ClauseException(Model):
    """An exception that the terms grant, and the rules whose `unless` implements it."""

    says: Sentence
    rules: tuple[Identifier, ...] = Field(min_length=1)


class Reading(Model):
    """One way to read an open term. A rule that names a reading is certain only if counsel takes that position."""

    id: Identifier
    says: Sentence


class Parameter(Model):
    """A number that an organisation may set in `auditor.yaml`."""

    default: float
    unit: Sentence
    reason: Sentence


class ParameterRef(Model):
    """Refers to a parameter of the same document by name."""

    parameter: Identifier


def _window(text: str) -> str:
    window_seconds(text)
    return text


WINDOW_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def window_seconds(text: str) -> int:
    """Return the length in seconds of a window such as `30s`, `10m`, `24h` or `7d`."""
    number, unit = text[:-1], text[-1:]
    if unit not in WINDOW_UNITS or not number.isdecimal() or int(number) == 0:
        raise ValueError("a window is a whole number and a unit: 30s, 10m, 24h or 7d")
    return int(number) * WINDOW_UNITS[unit]


class Measure(Model):
    """A windowed aggregate over the rows that `when` selects; exactly one of the four aggregates is given."""

    count: Literal["requests"] | None = Field(None, description="Number of requests")
    distinct: str | None = Field(None, description="Number of different values of a fact")
    sum: str | None = Field(None, description="Sum of a numeric fact")
    share: JsonValue = Field(None, description="Share of rows, from 0 to 1, for which this condition holds")
    by: tuple[str, ...] = Field(min_length=1, description="Facts that form the groups")
    window: Annotated[str, AfterValidator(_window)] = Field(description="Sliding window (t - window, t]")
    at_least: int = Field(1, ge=1, description="For a share: rows the window must hold before it is judged")

    @model_validator(mode="after")
    def _one_aggregate(self) -> "Measure":
        if sum(value is not None for value in (self.count, self.distinct, self.sum, self.share)) != 1:
            raise ValueError("a measure has exactly one of count, distinct, sum and share")
        return self


class RuleTest(Model):
    """An example of a rule at work: facts of one row, or several records for a measure, and what must come out."""

    name: str = ""
    facts: dict[str, JsonValue] = Field(default_factory=dict)
    records: tuple[dict[str, JsonValue], ...] = ()
    parameters: dict[str, float] = Field(default_factory=dict)
    expect: Literal["violation", "clean", "unknown", "not_governed"]
    missing: tuple[str, ...] = ()
    version: Identifier | None = Field(None, description="Version under which the violation must be cited")

    @model_validator(mode="after")
    def _missing_means_unknown(self) -> "RuleTest":
        if self.missing and self.expect != "unknown":
            raise ValueError("'missing' goes with 'expect: unknown'")
        if self.facts and self.records:
            raise ValueError("a test has 'facts' or 'records', not both")
        return self


class Judge(Model):
    """A question for a language model about the rows that `when` selects."""

    question: Sentence
    options: tuple[str, ...] = Field(min_length=2)
    violation: tuple[str, ...] = Field(min_length=1)


class Rule(Model):
    """A condition that a machine can evaluate, attached to a clause."""

    id: Identifier
    title: Sentence = Field(description="What was seen when the rule holds, in words for a report")
    table: TableName = "usage"
    certainty: Certainty
    when: JsonValue = Field(None, description="Condition that selects rows; all rows if absent")
    unless: JsonValue = Field(None, description="Condition under which the rule does not hold")
    measure: Measure | None = None
    exceeds: float | ParameterRef | None = Field(None, description="The measure must be greater than this")
    judge: Judge | None = None
    versions: tuple[Identifier, ...] = Field((), description="Clause versions it implements; all if absent")
    reviewed: TextHash | None = Field(
        None, description="Hash of the section's text against which the rule was reviewed"
    )
    reading: Identifier | None = Field(None, description="The reading of the clause that it follows")
    principal: tuple[str, ...] = Field(
        (), description="Facts that say whose finding it is; by default the application or key"
    )
    tests: tuple[RuleTest, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _measure_has_a_limit(self) -> "Rule":
        if (self.measure is None) != (self.exceeds is None):
            raise ValueError("'measure' and 'exceeds' go together")
        if self.when is None and self.measure is None:
            raise ValueError("a rule needs 'when' or 'measure'")
        return self


class Clause(Model):
    """One duty or prohibition, in our own words, with the versions it went through and the rules that check it."""

    id: Identifier
    title: Sentence
    category: Category
    kind: Literal["prohibition", "duty", "threshold"]
    severity: Severity
    applies_when: JsonValue = Field(None, description="Narrows the document's own condition")
    versions: tuple[Version, ...] = Field(min_length=1)
    says: Sentence = Field(description="Our paraphrase; never the provider's sentence")
    exceptions: tuple[ClauseException, ...] = ()
    remedy: Sentence
    position: Identifier | None = Field(None, description="Name under which auditor.yaml chooses among the readings")
    readings: tuple[Reading, ...] = ()
    rules: tuple[Rule, ...] = Field(
        description="Empty where no table can hold the evidence; then `manual` says what to do"
    )
    manual: Sentence | None = Field(None, description="What a person does to check it, where no rule can")
    notes: tuple[str, ...] = Field((), description="Rows of the research notes that it rests on")

    @model_validator(mode="after")
    def _checked_somehow(self) -> "Clause":
        if not self.rules and not self.manual:
            raise ValueError("a clause without rules says under 'manual' how a person checks it")
        return self


class DocumentInfo(Model):
    """The document that the clauses stand in."""

    id: Identifier
    title: Sentence
    url: WebAddress
    read: date | None = Field(None, description="Day up to which its text was read")
    archive: str | None = Field(None, description="Its place in Open Terms Archive's collections: Service/Terms")


class Document(Model):
    """One policy file: one document of one provider, and its clauses."""

    provider: Identifier
    document: DocumentInfo
    applies_when: JsonValue = Field(description="Which rows the document governs: a condition, or one for each table")
    frozen_when: JsonValue = Field(
        None, description="For whom the date of a contract decides the version, not the record's"
    )
    parameters: dict[Identifier, Parameter] = Field(default_factory=dict)
    test_facts: dict[str, JsonValue] = Field(default_factory=dict, description="Facts that every test starts from")
    clauses: tuple[Clause, ...] = Field(min_length=1)

    @property
    def id(self) -> str:
        """`provider/document`."""
        return f"{self.provider}/{self.document.id}"

    def clause_id(self, clause: Clause) -> str:
        """`provider/document/clause`, the id used in reports."""
        return f"{self.id}/{clause.id}"


class NamedList(Model):
    """Values that rules refer to by name with the modifier `list`; wildcards allowed."""

    id: Identifier
    title: Sentence
    source: Sentence
    url: WebAddress | None = None
    as_of: date
    confidence: Confidence
    values: tuple[str, ...] = Field(min_length=1)
