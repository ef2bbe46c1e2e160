"""Logs that databases give out as tables: the same records as JSON lines, as CSV and as Parquet tell the same."""

import asyncio
import csv
import json

import pyarrow
import pyarrow.parquet
import pytest

from auditor.sources import Input, ingest
from benchmarks.sources.__main__ import SAMPLES, lines

AZURE = {
    "TimeGenerated": "2026-01-01T00:00:00Z", "ResourceId": "/SUBSCRIPTIONS/S/RESOURCEGROUPS/R/PROVIDERS/"
    "MICROSOFT.COGNITIVESERVICES/ACCOUNTS/A", "Category": "RequestResponse", "OperationName": "ChatCompletions_Create",
    "ResultSignature": "200", "CorrelationId": "c-1", "CallerIPAddress": "203.0.113.5", "location_s": "westeurope",
    "properties_s": '{"modelDeploymentName": "chat", "modelName": "gpt-4o", "modelVersion": "1"}',
}  # fmt: skip
ACTIVITY = {
    "date": "2026-01-01", "model": "openai/gpt-4o", "model_permaslug": "openai/gpt-4o-2024-08-06", "provider_name": "OpenAI",
    "endpoint_id": "e", "usage": 0.5, "byok_usage_inference": 0, "requests": 3, "prompt_tokens": 50,
    "completion_tokens": 125, "reasoning_tokens": 25,
}  # fmt: skip
ROWS = {
    "litellm": [json.loads(line) for line in lines(SAMPLES / "litellm.jsonl", 3)],
    "vertex": [json.loads(line) for line in lines(SAMPLES / "vertex.jsonl", 3)],
    "azure-openai-table": [AZURE],
    "apim-llm-table": [*csv.DictReader(lines(SAMPLES / "apim-llm-table.csv", 3))],
    "openrouter-activity": [ACTIVITY],
}


def flat(value: object) -> object:
    return json.dumps(value) if isinstance(value, dict | list) else value


@pytest.mark.parametrize("name", ROWS)
def test_tables_tell_the_same_as_lines(read, write, tmp_path, name):
    rows = ROWS[name]
    table, columns = tmp_path / "rows.csv", tmp_path / "rows.parquet"
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows({key: flat(value) for key, value in row.items()} for row in rows)
    texts = [{key: flat(value) for key, value in row.items()} for row in rows]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(texts), columns)
    found = [read(path) for path in (write(*rows), table, columns)]
    assert {one.result.inputs[0].format for one in found} == {name}
    assert {one.result.inputs[0].records for one in found} == {len(rows)}
    told = [
        sorted(({key: value for key, value in record.items() if key[0] != "_"} for record in one.records), key=str)
        for one in found
    ]
    assert told[0] == told[1] == told[2]
    assert len(told[0][0]) > 5


def test_large_tables_with_long_cells_do_not_fill_the_memory(db, tmp_path):
    """Their cells hold whole requests and answers; they are read in as small parts as lines are."""
    rows = [json.loads(line) for line in lines(SAMPLES / "litellm.jsonl", 1_500)]
    table, columns = tmp_path / "rows.csv", tmp_path / "rows.parquet"
    texts = [{key: flat(value) for key, value in row.items()} for row in rows]
    for number, row in enumerate(texts):
        row["messages"] = json.dumps([{"role": "user", "content": f"{number:05}\n" * 6_000}])
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(texts[:700])
        file.write("a,b\r\n")  # damaged
        writer.writerows(texts[700:])
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(texts), columns)
    db.execute("SET memory_limit = '1500MB'")
    for path, number in ((table, 1), (columns, 0)):
        (summary,) = asyncio.run(ingest(db, [Input(str(path))], text=("prompt.text",))).inputs
        assert (summary.format, summary.records, summary.rejected) == ("litellm", 1_500, number)
        found = db.execute('SELECT _line, "record.id", length("prompt.text") FROM records ORDER BY _row')
        assert [name for _, name, _ in found] == [row["id"] for row in rows]
        assert {size for *_, size in found} == {36_000}
