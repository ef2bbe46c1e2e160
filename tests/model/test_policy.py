"""The policy models: the JSON Schema that editors use, and windows."""

import json

import pytest
from pydantic import BaseModel

from auditor.model.policy import Category, Document, NamedList, window_seconds


@pytest.mark.parametrize("model", [Document, NamedList])
def test_json_schema(model: type[BaseModel]):
    schema = model.model_json_schema()
    assert schema == model.model_json_schema()
    assert json.loads(json.dumps(schema)) == schema
    assert schema["additionalProperties"] is False
    assert all(
        part["additionalProperties"] is False
        for part in schema.get("$defs", {}).values()
        if part.get("type") == "object"
    )


def test_json_schema_of_a_document():
    schema = Document.model_json_schema()
    assert schema["required"] == ["provider", "document", "applies_when", "clauses"]
    assert schema["$defs"]["Category"]["enum"] == [category.value for category in Category]
    assert {"from", "until", "id", "section", "confidence"} <= schema["$defs"]["Version"]["properties"].keys()
    assert schema["$defs"]["Rule"]["properties"]["table"]["enum"][0] == "usage"
    assert schema["$defs"]["Clause"]["required"] == [
        "id", "title", "category", "kind", "severity", "versions", "says", "remedy", "rules",
    ]  # fmt: skip


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("10m", 600), ("24h", 86400), ("7d", 604800)])
def test_windows(text, seconds):
    assert window_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "0s", "-1h", "1.5h", "1 h", "h", "10", "1w", "1H", "1h30m"])
def test_what_is_no_window(text):
    with pytest.raises(ValueError, match="a window is a whole number and a unit"):
        window_seconds(text)
