"""What the request and the answer of a model call tell, whichever vendor's they are, as SQL.

An answer is a list of chunks: a plain answer is a list of one; a stream is its events (server-sent events, lines of JSON, or a
JSON list). Ids and models are taken from the first chunk that has them, counts and reasons from the last, text from all.

Formats: the vendors' API references; the counts are brought to OpenTelemetry's meaning, where cached tokens are part of the
input and reasoning is part of the output.
"""

from collections.abc import Sequence

from auditor.engine import literal
from auditor.sources.body_paths import ASKED, FIRST, KINDS, LAST, REASONS
from auditor.sources.words import metadata_facts

_PATHS = [path for group in (FIRST, LAST) for paths in group.values() for path in paths]
_ASKED_PATHS = [path for paths in ASKED.values() for path in paths]


_BLANK = "' ' || chr(9) || chr(10) || chr(13)"


def _chunks(body: str, parsed: str) -> str:
    """Return SQL for the list of JSON chunks of an answer: an object, a list, lines of JSON, or server-sent events.

    `parsed` is the text `body` as JSON, NULL if it is none.
    """
    lines = f"list_filter(string_split({body}, chr(10)), lambda l: starts_with(l, 'data:') OR starts_with(l, '{{'))"
    return (
        f"CASE WHEN {parsed} IS NULL THEN list_filter(list_transform({lines}, lambda l: "
        "try_cast(substr(l, greatest(strpos(l, '{'), 1)) AS JSON)), lambda c: json_type(c) = 'OBJECT') "
        f"ELSE CASE left(ltrim({body}, {_BLANK}), 1) WHEN '{{' THEN [{parsed}] "
        f"WHEN '[' THEN list_filter(json_extract({parsed}, '$[*]'), lambda c: json_type(c) = 'OBJECT') END END"
    )


def _value(row: str, paths: Sequence[str], known: Sequence[str]) -> str:
    """Return SQL for the first of `paths` that has a value in the list `row` of the values of `known`."""
    found = [f"{row}[{known.index(path) + 1}]" for path in paths]
    return found[0] if len(found) == 1 else f"coalesce({', '.join(found)})"


def _answered(name: str) -> str:
    """Return SQL for a value of an answer. Most have one chunk, and a list of one is slow to go through."""
    first = name in FIRST
    paths = (FIRST if first else LAST)[name]
    found = f"list_filter(list_transform(b_found, lambda c: {_value('c', paths, _PATHS)}), lambda v: v IS NOT NULL)"
    return f"CASE WHEN b_found IS NULL THEN {_value('b_one', paths, _PATHS)} ELSE {found}[{1 if first else -1}] END"


def _asked(name: str) -> str:
    return _value("b_asked", ASKED[name], _ASKED_PATHS)


def read_bodies(rows: str) -> str:
    """Return SQL that adds to `rows` the columns that `BODIES` reads.

    Args:
        rows: a SELECT with the VARCHAR columns `asked` and `answered`: JSON, a stream as text or JSON list, or NULL. What is
            neither leaves its facts missing.
    """
    paths, asked_paths = (", ".join(map(literal, group)) for group in (_PATHS, _ASKED_PATHS))
    # Materialised lists, so that each body is parsed once for all its facts.
    values = ", ".join(f"{_answered(name)} AS b_{name}" for name in (*FIRST, *LAST))
    return (
        f"SELECT *, {values} FROM (SELECT *, "
        f"CASE WHEN len(b_chunks) = 1 THEN json_extract_string(b_chunks[1], [{paths}]) END AS b_one, "
        "CASE WHEN len(b_chunks) > 1 "
        f"THEN list_transform(b_chunks, lambda c: json_extract_string(c, [{paths}])) END AS b_found, "
        f"json_extract_string(b_request, [{asked_paths}]) AS b_asked FROM "
        f"(SELECT *, {_chunks('answered', 'b_answer')} AS b_chunks FROM "
        f"(SELECT *, as_json(answered) AS b_answer, as_json(asked) AS b_request FROM ({rows}))))"
    )


def _number(name: str) -> str:
    return f"try_cast(b_{name} AS BIGINT)"


def _reasons() -> str:
    word = "replace(lower(b_reason), ' ', '_')"
    cases = " ".join(
        f"WHEN {word} IN ({', '.join(map(literal, others))}) THEN {literal(name)}" for name, others in REASONS.items()
    )
    return f"CASE WHEN b_reason IS NOT NULL THEN to_json([CASE {cases} ELSE {word} END])::VARCHAR END"


def _operation() -> str:
    kinds = " ".join(f"WHEN {literal(kind)} THEN {literal(name)}" for kind, name in KINDS.items())
    asked = {
        "chat": ("messages", "chat_history", "message"),
        "generate_content": ("contents",),
        "embeddings": ("input_type", "texts", "encoding_format"),
        "text_completion": ("prompt",),
    }
    shapes = " ".join(
        f"WHEN json_exists(b_request, '$.{key}') THEN {literal(name)}" for name, keys in asked.items() for key in keys
    )
    return (
        f"coalesce(CASE b_kind {kinds} END, CASE WHEN starts_with(b_id, 'modr-') THEN 'moderation' "
        "WHEN json_exists(b_chunks[1], '$.candidates') THEN 'generate_content' "
        "WHEN json_exists(b_chunks[1], '$.data[0].embedding') OR json_exists(b_chunks[1], '$.embeddings') "
        "OR json_exists(b_chunks[1], '$.embedding') THEN 'embeddings' "
        "WHEN json_exists(b_chunks[1], '$.output.message') THEN 'chat' "
        f"WHEN json_exists(b_chunks[1], '$.generations') THEN 'text_completion' {shapes} END)"
    )


def _turns(path: str) -> str:
    """Return SQL for the texts of a list of messages: plain texts, and those whose content or parts are texts."""
    return (
        f"flatten(list_transform(json_extract(b_request, '{path}[*]'), lambda m: CASE "
        "WHEN json_type(m) = 'VARCHAR' THEN [json_extract_string(m, '$')] "
        "WHEN json_type(m, '$.content') = 'VARCHAR' THEN [json_extract_string(m, '$.content')] "
        "WHEN json_type(m, '$.content') = 'ARRAY' THEN json_extract_string(m, '$.content[*].text') "
        "WHEN json_type(m, '$.parts') = 'ARRAY' THEN json_extract_string(m, '$.parts[*].text') "
        "WHEN json_type(m, '$.message') = 'VARCHAR' THEN [json_extract_string(m, '$.message')] END))"
    )


def _prompt() -> str:
    plain = ("$.instructions", "$.system", "$.preamble", "$.prompt", "$.input", "$.message", "$.query", "$.inputText")
    texts = [
        f"CASE WHEN json_type(b_request, '{path}') = 'VARCHAR' THEN [json_extract_string(b_request, '{path}')] END"
        for path in plain
    ]
    texts += [
        "json_extract_string(b_request, '$.system[*].text')",
        "json_extract_string(b_request, '$.systemInstruction.parts[*].text')",
        "json_extract_string(b_request, '$.system_instruction.parts[*].text')",
    ]
    texts += [_turns(path) for path in ("$.chat_history", "$.messages", "$.contents", "$.input", "$.prompt", "$.texts")]
    return f"lines_of(flatten([{', '.join(f'coalesce({text}, [])' for text in texts)}]))"


_STREAMED = (
    "$.choices[*].delta.content", "$.choices[*].text", "$.delta.text", "$.delta.message.content.text",
    "$.contentBlockDelta.delta.text", "$.candidates[*].content.parts[*].text", "$.message.content", "$.response",
    "$.completion", "$.generation", "$.text", "$.outputText", "$.outputs[*].text", "$.results[*].generated_text",
)  # fmt: skip
_WHOLE = (
    "$.choices[*].message.content", "$.choices[*].message.content[*].text", "$.content[*].text",
    "$.output[*].content[*].text", "$.response.output[*].content[*].text", "$.output.message.content[*].text",
    "$.message.content[*].text", "$.generations[*].text", "$.results[*].outputText", "$.completions[*].data.text",
)  # fmt: skip


def _texts(chunk: str, paths: Sequence[str]) -> str:
    lists = [
        f"list_transform(list_filter(json_extract({chunk}, {literal(path)}), lambda t: json_type(t) = 'VARCHAR'), "
        "lambda t: json_extract_string(t, '$'))"
        if "[*]" in path
        else f"CASE WHEN json_type({chunk}, {literal(path)}) = 'VARCHAR' "
        f"THEN [json_extract_string({chunk}, {literal(path)})] END"
        for path in paths
    ]
    return f"flatten([{', '.join(f'coalesce({item}, [])' for item in lists)}])"


def _answer() -> str:
    """SQL for the text of an answer: what a chunk has as a whole, else the pieces of the stream put together."""
    whole = f"flatten(list_transform(b_chunks, lambda c: {_texts('c', _WHOLE)}))"
    pieces = f"flatten(list_transform(b_chunks, lambda c: {_texts('c', _STREAMED)}))"
    return f"coalesce(lines_of({whole}), nullif(array_to_string({pieces}, ''), ''))"


# Most requests have neither tools nor settings of safety; what is written tells so without parsing it again.
_TOOLS = (
    "CASE WHEN contains(asked, '\"tools\"') OR contains(asked, '\"web_search_options\"') THEN "
    "to_json(nullif(list_distinct(list_filter(list_concat(flatten(list_transform(json_extract(b_request, '$.tools[*]'), "
    "lambda t: CASE WHEN json_type(t, '$.type') = 'VARCHAR' THEN "
    "[nullif(nullif(json_extract_string(t, '$.type'), 'function'), 'custom')] ELSE list_filter(json_keys(t), "
    "lambda k: k NOT IN ('functionDeclarations', 'function_declarations', 'toolSpec', 'cachePoint', 'name', "
    "'description', 'input_schema', 'parameter_definitions', 'function', 'parameters')) END)), "
    "CASE WHEN json_exists(b_request, '$.web_search_options') THEN ['web_search'] END), lambda t: t IS NOT NULL)), "
    "[]))::VARCHAR END"
)
_SAFETY_OFF = (
    "CASE WHEN contains(lower(asked), 'safety') AND json_array_length(coalesce(json_extract(b_request, '$.safetySettings'), "
    "json_extract(b_request, '$.safety_settings'))) > 0 THEN (list_has_any(json_extract_string(coalesce("
    "json_extract(b_request, '$.safetySettings'), json_extract(b_request, '$.safety_settings')), '$[*].threshold'), "
    "['BLOCK_NONE', 'OFF', 'BLOCK_ONLY_HIGH']))::VARCHAR END"
)


def _filtered(path: str) -> str:
    """SQL for the categories of Azure's filter results at `path` that were filtered."""
    return (
        f"list_filter(json_keys(c, '{path}'), lambda k: "
        f"json_extract_string(json_extract(c, '{path}'), '/' || k || '/filtered') = 'true')"
    )


_FLAGS = (
    # Most answers have none; the pattern tells so without looking into each.
    "CASE WHEN regexp_matches(answered, '(filtered|blocked|flagged)\"\\s*:\\s*true|INTERVENED|guardrail_intervened') THEN "
    "to_json(nullif(list_distinct(list_filter(flatten(list_transform(b_chunks, lambda c: flatten(["
    f"coalesce({_filtered('$.choices[0].content_filter_results')}, []), "
    f"coalesce({_filtered('$.prompt_filter_results[0].content_filter_results')}, []), "
    f"coalesce({_filtered('$.error.innererror.content_filter_result')}, []), "
    "coalesce(list_transform(list_filter(json_extract(c, '$.candidates[0].safetyRatings[*]'), "
    "lambda r: json_extract_string(r, '$.blocked') = 'true'), lambda r: json_extract_string(r, '$.category')), []), "
    "CASE WHEN json_extract_string(c, '$.\"amazon-bedrock-guardrailAction\"') = 'INTERVENED' "
    "OR json_extract_string(c, '$.stopReason') = 'guardrail_intervened' THEN ['guardrail'] ELSE [] END, "
    "coalesce(CASE WHEN json_extract_string(c, '$.moderation.output.flagged') = 'true' "
    "THEN ['moderation'] END, [])]))), lambda f: f IS NOT NULL)), []))::VARCHAR END"
)
_ATTACHED = metadata_facts("coalesce(b_metadata, " + _asked("metadata") + ")")
_OUTPUT = f"{_number('output')} + coalesce({_number('thoughts')}, 0)"

BODIES: dict[str, str] = {
    "timestamp": "b_created",
    "gen_ai.operation.name": _operation(),
    "gen_ai.request.model": _asked("model"),
    "gen_ai.response.model": "b_model",
    "gen_ai.response.id": "b_id",
    "gen_ai.conversation.id": f"CASE WHEN starts_with(coalesce(b_conversation, {_asked('conversation')}), '{{') THEN NULL "
    f"ELSE coalesce(b_conversation, {_asked('conversation')}) END",
    "gen_ai.usage.input_tokens": f"coalesce({_number('input_whole')}, {_number('input')} + "
    f"coalesce({_number('read_beside')}, 0) + coalesce({_number('write_beside')}, 0), "
    f"CASE WHEN b_output IS NULL THEN {_number('total')} END)::VARCHAR",
    "gen_ai.usage.output_tokens": f"coalesce({_OUTPUT}, {_number('thoughts')})::VARCHAR",
    "gen_ai.usage.cache_read.input_tokens": "coalesce(b_read_beside, b_read_within)",
    "gen_ai.usage.cache_write.input_tokens": "coalesce(b_write_beside, b_write_within)",
    "gen_ai.usage.reasoning.output_tokens": "coalesce(b_reasoning, b_thoughts)",
    "gen_ai.response.finish_reasons": _reasons(),
    "error.type": "CASE WHEN nullif(b_failed, '{}') IS NOT NULL OR b_error IS NOT NULL "
    "THEN coalesce(b_error, 'error') END",
    "call.cost": "b_cost",
    "prompt.text": _prompt(),
    "completion.text": _answer(),
    "request.tools": _TOOLS,
    "request.filters_lowered": _SAFETY_OFF,
    "content.flags": _FLAGS,
    "cloud.region": "nullif(b_place, 'not_available')",
    "application.id": _ATTACHED["application.id"],
    "application.purpose": _ATTACHED["application.purpose"],
    "end_user.id": f"coalesce({_ATTACHED['end_user.id']}, {_asked('end_user')}, b_end_user)",
    "end_user.country": _ATTACHED["end_user.country"],
    "end_user.age": _ATTACHED["end_user.age"],
}
"""Fact → SQL over the columns that `read_bodies` adds."""
