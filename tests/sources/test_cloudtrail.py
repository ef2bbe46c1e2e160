import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.sources.conftest import shared

EVENT: dict[str, Any] = {
    "eventVersion": "1.10", "eventTime": "2026-09-08T12:10:33Z", "eventSource": "bedrock.amazonaws.com",
    "eventName": "InvokeModel", "awsRegion": "eu-west-1", "sourceIPAddress": "203.0.113.10", "userAgent": "Boto3/1",
    "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::1112:user/alex", "accountId": "1112", "accessKeyId": "AK1"},
    "requestParameters": {"modelId": "anthropic.claude-3-haiku-20240307-v1:0"}, "requestID": "r-1", "eventID": "e-1",
}  # fmt: skip


def test_events_as_documented(read):
    path = shared("usage", "aws", "shape_cloudtrail_bedrock.json")
    raw = json.loads(path.read_text())["Records"]
    found = read(path)
    (entry,) = found.result.inputs
    assert (entry.format, entry.kind, entry.records, entry.rejected) == ("cloudtrail", "call", len(raw), 0)
    for record, told in zip(found.records, raw, strict=True):
        told_time = datetime.fromisoformat(told["eventTime"]).astimezone(UTC).replace(tzinfo=None)
        assert record["timestamp"] == told_time
        assert record["record.id"] == told["eventID"]
        assert record["record.ids"] == [told["requestID"]]
        assert record["gen_ai.provider.name"] == "aws.bedrock"
        assert record["route"] == "bedrock"
        assert record["gen_ai.operation.name"] == "chat"
        assert record["gen_ai.request.model"] == told["requestParameters"]["modelId"]
        region = told.get("additionalEventData", {}).get("inferenceRegion", told["awsRegion"])
        assert record["cloud.region"] == region
        assert record["client.address"] == told["sourceIPAddress"]
        assert record["user_agent.original"] == told["userAgent"]
        assert record["user.id"] == told["userIdentity"]["arn"]
        assert record["account.id"] == told["userIdentity"]["accountId"]
        assert record["error.type"] == told.get("errorCode")
        assert "gen_ai.usage.input_tokens" not in record


def test_control_events_are_no_calls(read, write):
    lines = [
        json.loads(line)
        for line in shared("usage", "aws", "panther_bedrock_events.jsonl").read_text().splitlines()
        if '"AWS.CloudTrail"' in line
    ]
    raw = [line["log"] for line in lines]
    (entry,) = read(write(*raw)).result.inputs
    names = [line["eventName"] for line in raw]
    assert (entry.format, entry.records, entry.rejected) == ("cloudtrail", 0, 0)
    assert entry.skipped == {f"control event: {name}": names.count(name) for name in names}


@pytest.mark.parametrize(
    "name", ["InvokeModelWithResponseStream", "InvokeModelWithBidirectionalStream", "ConverseStream"]
)
def test_names_of_calls(read, write, name):
    assert read(write(EVENT | {"eventName": name})).column("gen_ai.operation.name") == ["chat"]


def test_other_endpoints(read, write):
    inference = EVENT | {"eventName": "CreateInference", "requestParameters": {"model": "claude-opus-4-1"}}
    mantle = inference | {"eventSource": "bedrock-mantle.amazonaws.com"}
    platform = inference | {"eventSource": "aws-external-anthropic.amazonaws.com"}
    found = read(write(mantle, platform))
    assert found.column("gen_ai.provider.name") == ["aws.bedrock", "anthropic"]
    assert found.column("route") == ["bedrock", None]
    assert found.column("gen_ai.request.model") == ["claude-opus-4-1"] * 2


def test_other_services_are_passed_over(read, write):
    others = [EVENT | {"eventSource": f"{name}.amazonaws.com", "eventName": name} for name in ("s3", "ec2", "sts")]
    hostile = EVENT | {"eventName": "x'); DROP TABLE line; --" * 9}
    found = read(write(*others, EVENT, hostile))
    assert found.column("record.id") == ["e-1"]
    assert found.result.inputs[0].skipped == {"event of another service": 3, "control event": 1}


@pytest.mark.parametrize(
    ("source", "address"),
    [
        ("2001:db8::1", "2001:db8::1"),
        ("bedrock.amazonaws.com", None),
        ("AWS Internal", None),
        ("203.0.113.***", None),
    ],
)
def test_addresses(read, write, source, address):
    (record,) = read(write(EVENT | {"sourceIPAddress": source})).records
    assert record.get("client.address") == address


def test_all_that_an_event_tells(read, write):
    told = EVENT | {
        "additionalEventData": {"inferenceRegion": "eu-north-1"}, "errorCode": "ThrottlingException",
        "tlsDetails": {"clientProvidedHostHeader": "bedrock-runtime.eu-west-1.amazonaws.com"},
        "requestParameters": {"modelId": "arn:aws:bedrock:eu-west-1::foundation-model/amazon.titan-embed-text-v2:0"},
    }  # fmt: skip
    assert read(write(told)).records == [
        {
            "_row": 0, "_input": 0, "_line": 1, "timestamp": datetime(2026, 9, 8, 12, 10, 33), "record.id": "e-1",
            "record.ids": ["r-1"], "gen_ai.provider.name": "aws.bedrock", "gen_ai.operation.name": "embeddings",
            "gen_ai.request.model": "amazon.titan-embed-text-v2:0", "error.type": "ThrottlingException",
            "route": "bedrock", "server.address": "bedrock-runtime.eu-west-1.amazonaws.com",
            "client.address": "203.0.113.10", "user_agent.original": "Boto3/1", "cloud.region": "eu-north-1",
            "account.id": "1112", "api_key.id": "AK1", "user.id": "arn:aws:iam::1112:user/alex",
        }
    ]  # fmt: skip


def test_a_trail_in_cloudwatch(read, write):
    found = read(write({"timestamp": 1, "logStream": "trail", "message": json.dumps(EVENT)}))
    assert found.result.inputs[0].format == "cloudtrail"
    assert found.column("record.ids") == [["r-1"]]
    assert found.column("timestamp") == [datetime(2026, 9, 8, 12, 10, 33)]


def test_damage(read, write):
    found = read(write(EVENT, json.dumps(EVENT)[:50], EVENT | {"eventTime": "yesterday"}, {"other": 1}))
    assert [reject["line"] for reject in found.rejects] == [2, 3, 4]
    assert len(found.records) == 1
