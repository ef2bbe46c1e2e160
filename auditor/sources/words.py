"""Words that several sources spell in their own way (providers, hosts, messages), as SQL macros."""

from collections.abc import Iterable, Mapping

from auditor.engine import Database, literal, quote

PROVIDERS = {
    "ai21": "ai21",
    "amazon-bedrock": "aws.bedrock",
    "anthropic.messages": "anthropic",
    "aws": "aws.bedrock",
    "aws-bedrock": "aws.bedrock",
    "aws_bedrock": "aws.bedrock",
    "az.ai.inference": "azure.ai.inference",
    "az.ai.openai": "azure.ai.openai",
    "azure": "azure.ai.openai",
    "azure-ai": "azure.ai.inference",
    "azure-openai": "azure.ai.openai",
    "azure_ai": "azure.ai.inference",
    "azure_openai": "azure.ai.openai",
    "azure_text": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "bedrock_converse": "aws.bedrock",
    "cohere_chat": "cohere",
    "fireworks": "fireworks_ai",
    "fireworks-ai": "fireworks_ai",
    "gcp.vertex.agent": "gcp.vertex_ai",
    "gemini": "gcp.gemini",
    "google": "gcp.gemini",
    "google-ai-studio": "gcp.gemini",
    "google-vertex-ai": "gcp.vertex_ai",
    "google_genai": "gcp.gen_ai",
    "google_vertexai": "gcp.vertex_ai",
    "grok": "x_ai",
    "mistral": "mistral_ai",
    "mistral-ai": "mistral_ai",
    "mistralai": "mistral_ai",
    "moonshot": "moonshot_ai",
    "openai.chat": "openai",
    "openai.responses": "openai",
    "perplexity-ai": "perplexity",
    "stability-ai": "stability",
    "text-completion-openai": "openai",
    "together": "together_ai",
    "together-ai": "together_ai",
    "togetherai": "together_ai",
    "vertex": "gcp.vertex_ai",
    "vertex-ai": "gcp.vertex_ai",
    "vertex_ai": "gcp.vertex_ai",
    "vertex_ai_beta": "gcp.vertex_ai",
    "vertexai": "gcp.vertex_ai",
    "watsonx": "ibm.watsonx.ai",
    "x-ai": "x_ai",
    "xai": "x_ai",
}
"""Older and gateways' names of providers → the newest in OpenTelemetry. Others stay as they are, in lower case."""


def _choose(value: str, words: dict[str, str], otherwise: str) -> str:
    cases = " ".join(f"WHEN {literal(old)} THEN {literal(new)}" for old, new in words.items())
    return f"CASE {value} {cases} ELSE {otherwise} END"


MACROS = {
    "as_json(x)": "try_cast(x AS JSON)",
    "stated(x)": "CASE WHEN x NOT IN ('', 'None', 'null', 'redacted-by-litellm') THEN x END",
    "provider_name(x)": _choose("lower(x)", PROVIDERS, "nullif(lower(x), '')"),
    "host_of(url)": r"""nullif(lower(regexp_extract(url,
        '^(?:[a-zA-Z][a-zA-Z0-9+.-]*://)?(?:[^/?#@]*@)?([^/:?#\s]+)', 1)), '')""",
    # Of a path or URL: what is asked there. Gateways also pass on requests that list models or hold files.
    "operation_of(path)": r"""CASE WHEN regexp_matches(path, '/(chat/completions|responses|messages|converse)') THEN 'chat'
        WHEN regexp_matches(path, '(/embeddings|:embedContent|:batchEmbedContents)') THEN 'embeddings'
        WHEN regexp_matches(path, ':(stream)?[gG]enerateContent') THEN 'generate_content'
        WHEN regexp_matches(path, '/images/') THEN 'image_generation' WHEN regexp_matches(path, '/audio/speech') THEN 'speech'
        WHEN regexp_matches(path, '/audio/(transcriptions|translations)') THEN 'transcription'
        WHEN regexp_matches(path, '/moderations') THEN 'moderation' WHEN regexp_matches(path, '/rerank') THEN 'rerank'
        WHEN regexp_matches(path, '/complet(ions|e)') THEN 'text_completion' END""",
    "calls_no_model(path)": r"""regexp_matches(path,
        '(^|/)v[0-9]+(beta)?/(models|files|batches|messages/batches|uploads|vector_stores)(/[^/:?]+)*/?([?]|$)')""",
    # Of who called: Cloudflare's XX is an unknown country and its T1 is Tor; a masked address is none.
    "iso_country(x)": "CASE WHEN regexp_full_match(upper(x), '[A-Z]{2}') AND upper(x) <> 'XX' THEN upper(x) END",
    "address_of(x)": "CASE WHEN regexp_full_match(x, '[0-9]+([.][0-9]+){3}|[0-9a-fA-F:]+:[0-9a-fA-F:.]*') THEN x END",
    # Of traces and spans: hexadecimal, or in base64 as some write them (16 and 8 bytes), and nothing if it is empty.
    "hex_id(x)": "CASE WHEN regexp_full_match(x, '(0x)?[0-9a-fA-F]+') THEN replace(lower(x), '0x', '') "
    "WHEN regexp_full_match(x, '[A-Za-z0-9+/]{22}==|[A-Za-z0-9+/]{11}=') THEN lower(hex(try(from_base64(x)))) "
    "ELSE nullif(lower(x), '') END",
    # Of counts that are kept apart; what is no whole number stays as it is, to be told of. No sum of two is out of range.
    "sum_of(x, more)": "coalesce((try_cast(x AS BIGINT)::HUGEINT + coalesce(try_cast(more AS BIGINT)::HUGEINT, 0))"
    "::VARCHAR, x)",
    # Content flags that stand in several JSON lists, or in none: each once.
    "flags_in(lists)": """nullif(to_json(list_sort(list_distinct(flatten(list_transform(list_filter(lists,
        lambda one: one IS NOT NULL), lambda one: from_json(one, '["VARCHAR"]'))))))::VARCHAR, '[]')""",
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
    "messages_text(x)": "list_transform([coalesce(json_extract(as_json(x), '$.messages'), as_json(x))], lambda found: "
    "CASE json_type(found) WHEN 'ARRAY' THEN "
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


def unwrapped(columns: Iterable[str], envelope: str) -> str:
    """Return SQL that gives each of the text `columns` from `line`, or from the one object in its column `envelope`.

    A page of one record may be that record itself, as in `{"data": {…}}`.
    """
    names = list(columns)
    paths = ", ".join(literal("/" + name) for name in names)
    found = ", ".join(
        f"coalesce({quote(name)}, _inner[{place}]) AS {quote(name)}" for place, name in enumerate(names, 1)
    )
    return (
        f"SELECT _line, {quote(envelope)}, {found} FROM "
        f"(SELECT *, json_extract_string(as_json({quote(envelope)}), [{paths}]) AS _inner FROM line)"
    )


METADATA = ("application.id", "application.purpose", "end_user.id", "end_user.country", "end_user.age")
"""Facts that callers may attach to a call as metadata under just these names; no source has them otherwise."""


def metadata_facts(sql: str) -> dict[str, str]:
    """Return fact → SQL for the facts of `METADATA` that stand in the JSON object (or its text) that `sql` gives."""
    return {name: f"nullif(json_extract_string(as_json({sql}), {literal('/' + name)}), '')" for name in METADATA}


def with_members(rows: str, item: str, paths: Mapping[str, str]) -> str:
    """Return SQL that adds to the SELECT `rows` the text of members of the JSON that the SQL `item` gives: name → path."""
    listed = ", ".join(map(literal, paths.values()))
    named = ", ".join(f"_members[{place}] AS {quote(name)}" for place, name in enumerate(paths, 1))
    return (
        f"SELECT * EXCLUDE (_members), {named} "
        f"FROM (SELECT *, json_extract_string({item}, [{listed}]) AS _members FROM ({rows}))"
    )


def define_words(db: Database) -> None:
    """Define the SQL macros that the facts of sources use."""
    for signature, body in MACROS.items():
        db.execute(f"CREATE OR REPLACE MACRO {signature} AS {body}")
