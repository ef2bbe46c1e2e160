"""Words that several sources spell in their own way (providers, hosts, messages), as SQL macros."""

from auditor.engine import Database, literal

PROVIDERS = {
    "ai21": "ai21",
    "amazon-bedrock": "aws.bedrock",
    "anthropic.messages": "anthropic",
    "aws": "aws.bedrock",
    "aws_bedrock": "aws.bedrock",
    "az.ai.inference": "azure.ai.inference",
    "az.ai.openai": "azure.ai.openai",
    "azure": "azure.ai.openai",
    "azure_ai": "azure.ai.inference",
    "azure_openai": "azure.ai.openai",
    "azure_text": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "bedrock_converse": "aws.bedrock",
    "cohere_chat": "cohere",
    "gcp.vertex.agent": "gcp.vertex_ai",
    "gemini": "gcp.gemini",
    "google": "gcp.gemini",
    "google_genai": "gcp.gen_ai",
    "google_vertexai": "gcp.vertex_ai",
    "mistral": "mistral_ai",
    "mistralai": "mistral_ai",
    "moonshot": "moonshot_ai",
    "openai.chat": "openai",
    "openai.responses": "openai",
    "text-completion-openai": "openai",
    "vertex": "gcp.vertex_ai",
    "vertex_ai": "gcp.vertex_ai",
    "vertex_ai_beta": "gcp.vertex_ai",
    "vertexai": "gcp.vertex_ai",
    "watsonx": "ibm.watsonx.ai",
    "xai": "x_ai",
}
"""Older and gateways' names of providers → the newest in OpenTelemetry. Others stay as they are, in lower case."""


def _choose(value: str, words: dict[str, str], otherwise: str) -> str:
    cases = " ".join(f"WHEN {literal(old)} THEN {literal(new)}" for old, new in words.items())
    return f"CASE {value} {cases} ELSE {otherwise} END"


MACROS = {
    "as_json(x)": "CASE WHEN json_valid(x) THEN x::JSON END",
    "stated(x)": "CASE WHEN x NOT IN ('', 'None', 'null', 'redacted-by-litellm') THEN x END",
    "provider_name(x)": _choose("lower(x)", PROVIDERS, "nullif(lower(x), '')"),
    "host_of(url)": r"""nullif(lower(regexp_extract(url,
        '^(?:[a-zA-Z][a-zA-Z0-9+.-]*://)?(?:[^/?#@]*@)?([^/:?#\s]+)', 1)), '')""",
    # Messages come as OpenTelemetry's parts, as OpenAI's and Anthropic's content (text or blocks), or as choices.
    "part_texts(parts, word)": "list_transform(list_filter(json_extract(parts, '$[*]'), "
    "lambda part: json_extract_string(part, '$.type') IN ('text', 'input_text', 'output_text')), "
    "lambda part: json_extract_string(part, word))",
    "one_message(message)": "CASE WHEN json_type(message) = 'VARCHAR' THEN [json_extract_string(message, '$')] "
    "WHEN json_type(message, '$.content') = 'VARCHAR' THEN [json_extract_string(message, '$.content')] "
    "WHEN json_type(message, '$.parts') = 'ARRAY' THEN part_texts(json_extract(message, '$.parts'), '$.content') "
    "WHEN json_type(message, '$.content') = 'ARRAY' THEN part_texts(json_extract(message, '$.content'), '$.text') "
    "WHEN json_extract_string(message, '$.type') = 'text' "
    "THEN [coalesce(json_extract_string(message, '$.content'), json_extract_string(message, '$.text'))] END",
    "lines_of(texts)": "nullif(array_to_string(list_filter(texts, lambda text: text IS NOT NULL), chr(10)), '')",
    # `list_transform([…], lambda)[1]` names a value; a macro's argument is computed as often as it stands in the body.
    "messages_text(x)": "list_transform([as_json(x)], lambda found: CASE json_type(found) WHEN 'ARRAY' THEN "
    "coalesce(lines_of(flatten(list_transform(json_extract(found, '$[*]'), lambda message: one_message(message)))), "
    "nullif(x, '[]')) WHEN 'OBJECT' THEN coalesce(lines_of(one_message(found)), nullif(x, '{}')) "
    "WHEN 'VARCHAR' THEN json_extract_string(found, '$') ELSE x END)[1]",
    # Chat completions, text completions and Responses, as OpenAI answers them.
    "answer_text(x)": "list_transform([as_json(x)], lambda found: lines_of(list_concat(list_concat("
    "flatten(list_transform(json_extract(found, '$.choices[*].message'), lambda message: one_message(message))), "
    "json_extract_string(found, '$.choices[*].text')), "
    "flatten(list_transform(json_extract(found, '$.output[*]'), lambda message: one_message(message))))))[1]",
    # OTLP arrays: of texts (finish reasons), and of structures (messages in log records, as key-value lists).
    "array_texts(x)": r"""CASE WHEN regexp_matches(x, '^\{\s*"values"')
        THEN to_json(json_extract_string(as_json(x), '$.values[*].stringValue'))::VARCHAR ELSE x END""",
    "pair_text(pairs, name)": "list_filter(pairs, lambda pair: pair.key = name)[1].value.stringValue",
    "kvlist_text(x)": """lines_of(list_transform(list_filter(list_transform(json_extract(as_json(x),
        '$.values[*].kvlistValue.values[*].value.arrayValue.values[*].kvlistValue.values'),
        lambda part: from_json(part, '[{"key":"VARCHAR","value":{"stringValue":"VARCHAR"}}]')),
        lambda pairs: pair_text(pairs, 'type') = 'text'), lambda pairs: pair_text(pairs, 'content')))""",
    "otlp_text(x)": "CASE WHEN starts_with(x, '{') AND contains(x, 'kvlistValue') THEN coalesce(kvlist_text(x), x) "
    "ELSE messages_text(x) END",
    "finish_reasons(x)": "CASE WHEN json_array_length(x, '$.choices') > 0 "
    "THEN nullif(to_json(json_extract_string(x, '$.choices[*].finish_reason'))::VARCHAR, '[]') END",
}


METADATA = ("application.id", "application.purpose", "end_user.id", "end_user.country", "end_user.age")
"""Facts that callers may attach to a call as metadata under just these names; no source has them otherwise."""


def metadata_facts(sql: str) -> dict[str, str]:
    """Return fact → SQL for the facts of `METADATA` that stand in the JSON object (or its text) that `sql` gives."""
    return {name: f"nullif(json_extract_string(as_json({sql}), {literal('/' + name)}), '')" for name in METADATA}


def define_words(db: Database) -> None:
    """Define the SQL macros that the facts of sources use."""
    for signature, body in MACROS.items():
        db.execute(f"CREATE OR REPLACE MACRO {signature} AS {body}")
