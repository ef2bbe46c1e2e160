"""Files to train a model with: chats, pairs of prompt and completion, preferences. They hold items, not calls.

Format: https://platform.openai.com/docs/guides/supervised-fine-tuning. Whose answers they are is not told in them.
"""

from auditor.sources.source import JsonObject, Source

MEMBERS = {
    "messages", "tools", "parallel_tool_calls", "functions", "prompt", "completion", "input", "preferred_output",
    "non_preferred_output", "chosen", "rejected", "system", "weight",
}  # fmt: skip
COLUMNS = tuple(sorted(MEMBERS - {"parallel_tool_calls", "functions", "weight", "tools"}))


def _has_answer(item: JsonObject) -> bool:
    messages = item.get("messages")
    if isinstance(messages, list):
        return any(isinstance(turn, dict) and turn.get("role") == "assistant" for turn in messages)
    return any(pair <= item.keys() for pair in ({"prompt", "completion"}, {"chosen", "rejected"}, {"preferred_output"}))


def _is_item(item: JsonObject) -> bool:
    return item.keys() <= MEMBERS and _has_answer(item)


FINE_TUNING = Source(
    name="fine-tuning",
    title="Training files: chats, prompts with completions, preferences",
    detects=lambda sample: (
        any(map(_is_item, sample.objects)) and all(item.keys() <= MEMBERS for item in sample.objects)
    ),
    columns=dict.fromkeys(COLUMNS, "VARCHAR"),
    facts={
        "prompt.text": "coalesce(messages_text(coalesce(messages, json_extract(as_json(input), '$.messages')::VARCHAR)), "
        "prompt)",
        "completion.text": "coalesce(completion, messages_text(coalesce(preferred_output, chosen)))",
        # Without a text that is needed, an item has nothing to tell; that it is there is what counts.
        "record.id": "sha256(coalesce(messages, '') || coalesce(prompt, '') || coalesce(completion, '') || coalesce(input, '') "
        "|| coalesce(preferred_output, '') || coalesce(chosen, ''))",
    },
    kind="item",
    layer="application",
)
