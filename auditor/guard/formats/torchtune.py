"""torchtune recipes: models and datasets are Python builders, of which the datasets' names are implied."""

import re
from collections.abc import Iterator

from auditor.guard.document import Doc
from auditor.guard.formats.keyed import one, unresolved
from auditor.guard.found import Found, Named, Training
from auditor.yamlfile import KeyPath

BUILDERS = {
    "alpaca_dataset": "tatsu-lab/alpaca",
    "alpaca_cleaned_dataset": "yahma/alpaca-cleaned",
    "cnn_dailymail_articles_dataset": "ccdv/cnn_dailymail",
    "grammar_dataset": "liweili/c4_200m",
    "hh_rlhf_helpful_dataset": "RLHFlow/HH-RLHF-Helpful-standard",
    "llava_instruct_dataset": "liuhaotian/LLaVA-Instruct-150K",
    "samsum_dataset": "Samsung/samsum",
    "slimorca_dataset": "Open-Orca/SlimOrca-Dedup",
    "stack_exchange_paired_dataset": "lvwerra/stack-exchange-paired",
    "the_cauldron_dataset": "HuggingFaceM4/the_cauldron",
    "wikitext_dataset": "EleutherAI/wikitext_document_level",
}
"""Builder → the dataset on the Hugging Face hub that it loads by default (torchtune documentation, `torchtune.datasets`)."""
MODULE = re.compile(r"torchtune\.models\.([a-z0-9_]+)\.")


def read_torchtune(doc: Doc) -> Found | None:
    """Return what a torchtune recipe says, None where the file is none."""
    components = [value for key in ("model", "dataset") for _, value in doc.names(f"{key}._component_")]
    if not any(value.startswith("torchtune.") for value in components):
        return None
    training = Training(
        base=tuple(_models(doc, "model", "checkpointer")),
        teachers=tuple(_models(doc, "teacher_model", "teacher_checkpointer")),
        datasets=tuple(_datasets(doc, "dataset")),
        tests=tuple(_datasets(doc, "dataset_val")),
        outputs=tuple(
            Named(name, doc.place(path))
            for key in ("output_dir", "checkpointer.output_dir")
            for path, name in doc.names(key)
        )[:1],
    )
    return Found("torchtune", (training,), unread=tuple(unresolved(training)))


def _models(doc: Doc, model: str, checkpointer: str) -> Iterator[Named]:
    """The folder of the checkpoint is called like the model; without one, the builder's module tells the family."""
    folders = [
        (path, name.rstrip("/").rpartition("/")[2]) for path, name in doc.names(f"{checkpointer}.checkpoint_dir")
    ]
    for path, name in folders:
        yield Named(name, doc.place(path))
    for path, name in doc.names(f"{model}._component_"):
        found = MODULE.match(name)
        if found and not folders:
            yield Named(found.group(1).replace("_", "."), doc.place(path))


def _datasets(doc: Doc, key: str) -> Iterator[Named]:
    for path, component in doc.names(f"{key}._component_"):
        inside: KeyPath = path[:-1]
        given = [(name, place) for name, place in _given(doc, inside)]
        if given:
            yield from (Named(name, doc.place(place)) for name, place in given)
        else:
            builder = component.rpartition(".")[2]
            yield Named(BUILDERS.get(builder, component), doc.place(path))


def _given(doc: Doc, inside: KeyPath) -> Iterator[tuple[str, KeyPath]]:
    for key in ("source", "data_files"):
        value = doc.at((*inside, key))
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str):
                yield from ((name, (*inside, key)) for name in one(doc.filled(text)))
