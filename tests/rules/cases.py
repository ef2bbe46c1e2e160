"""The conformance cases of `tests/cases/rules/`, and how each becomes a check: through a policy pack and the loader."""

from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from pydantic import Field, JsonValue, model_validator

from auditor.model.base import Model
from auditor.model.check import Check
from auditor.policy.load import load_policies
from auditor.policy.select import check
from auditor.policy.spans import Choices, Terms
from auditor.yamlfile import read_yaml, validate, write_yaml

FOLDER = Path(__file__).parent.parent / "cases" / "rules"
ANY_ROW: JsonValue = {"any": [{"record.id|exists": True}, {"record.id|exists": False}]}


class CaseRow(Model):
    """The facts of one row, and what the rule must say of it."""

    facts: dict[str, JsonValue]
    expect: bool | Literal["unknown"]
    missing: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _unknown_says_why(self) -> "CaseRow":
        if (self.expect == "unknown") != bool(self.missing):
            raise ValueError("'missing' goes with 'expect: unknown', and with nothing else")
        return self


class CaseVersion(Model):
    """A clause version, by its dates."""

    id: str
    from_: date = Field(alias="from")
    until: date | None = None

    def written(self) -> JsonValue:
        """Return the version as a pack writes it."""
        end: dict[str, JsonValue] = {"until": str(self.until)} if self.until else {}
        return {"id": self.id, "section": "1", "from": str(self.from_), "confidence": "high"} | end


class Case(Model):
    """One rule and rows it is put to. `why` says what the case pins where the name does not."""

    name: str
    why: str = ""
    table: str = "usage"
    condition: JsonValue = None
    when: JsonValue = None
    unless: JsonValue = None
    measure: dict[str, JsonValue] | None = None
    exceeds: JsonValue = None
    applies_when: JsonValue = None
    clause_applies_when: JsonValue = None
    lists: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    parameters: dict[str, float] = Field(default_factory=dict)
    versions: tuple[CaseVersion, ...] = ()
    implements: tuple[str, ...] = ()
    terms: str = "2025-01-01"
    rows: tuple[CaseRow, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _one_kind(self) -> "Case":
        if (self.condition is None) == (self.measure is None):
            raise ValueError("a case has a 'condition' or a 'measure'")
        return self

    @property
    def id(self) -> str:
        """The name as an identifier."""
        return "-".join("".join(c if c.isalnum() and c.isascii() else " " for c in self.name.lower()).split())

    def document(self) -> JsonValue:
        """Return the policy file whose one rule is the case's."""
        rule: dict[str, JsonValue] = {
            "id": "rule",
            "title": f"Case {self.name}",
            "table": self.table,
            "certainty": "certain",
        }
        given = {
            "when": self.condition or self.when,
            "unless": self.unless,
            "measure": self.measure,
            "exceeds": self.exceeds,
        }
        rule |= {key: value for key, value in given.items() if value is not None}
        rule |= {"versions": list(self.implements)} if self.implements else {}
        rule["tests"] = [{"expect": answer} for answer in ("violation", "clean", "unknown")]
        versions = self.versions or (CaseVersion.model_validate({"id": "only", "from": date(2000, 1, 1)}),)
        clause: dict[str, JsonValue] = {
            "id": "clause", "title": f"Case {self.name}", "category": "other", "kind": "prohibition", "severity": "low",
            "says": "A case.", "remedy": "None.", "rules": [rule], "versions": [v.written() for v in versions],
        }  # fmt: skip
        clause |= {"applies_when": self.clause_applies_when} if self.clause_applies_when else {}
        return {
            "provider": "cases",
            "document": {"id": self.id, "title": f"Case {self.name}", "url": "https://example.com/"},
            "applies_when": self.applies_when or ANY_ROW,
            "parameters": {n: {"default": v, "unit": "units", "reason": "a case"} for n, v in self.parameters.items()},
            "clauses": [clause],
        }


class CaseFile(Model):
    """The cases of one theme."""

    cases: tuple[Case, ...]


def read_cases(theme: str) -> tuple[Case, ...]:
    """Return the cases of `tests/cases/rules/<theme>.yaml`."""
    tree = read_yaml(FOLDER / f"{theme}.yaml")
    file, faults = validate(CaseFile, tree)
    assert file, "\n".join(map(str, faults))
    assert len({case.id for case in file.cases}) == len(file.cases), f"{theme}: two cases of one name"
    return file.cases


def themes() -> list[str]:
    """Return the names of the case files."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


@cache
def checks_of(theme: str) -> dict[str, Check]:
    """Return the checks of a theme's cases by case id, loaded as packs are."""
    cases = {case.id: case for case in read_cases(theme)}
    with TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "cases").mkdir()
        (root / "lists").mkdir()
        for case in cases.values():
            (root / "cases" / f"{case.id}.yaml").write_text(write_yaml(case.document()), "utf-8")
            for name, values in case.lists.items():
                (root / "lists" / f"{name}.yaml").write_text(write_yaml(_named_list(name, values)), "utf-8")
        policy = load_policies(root)
    found = {rule.document.document.id: rule for rule in policy.rules}
    checks = {}
    for name, case in cases.items():
        made = check(found[name], Terms.parse(case.terms, date(2025, 1, 1)), Choices())
        assert made, f"{case.name}: not in force"
        checks[name] = made
    return checks


def _named_list(name: str, values: tuple[str, ...]) -> JsonValue:
    return {
        "id": name, "title": name, "source": "a case", "as_of": "2025-01-01", "confidence": "high",
        "values": list(values),
    }  # fmt: skip
