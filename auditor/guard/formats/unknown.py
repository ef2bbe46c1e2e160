"""Configurations that are about training in a format that nobody told us of: what the usual keys hold is taken, the rest is
unknown, and so is the file.
"""

from collections.abc import Iterator
from dataclasses import replace

from pydantic import JsonValue

from auditor.guard.document import Doc
from auditor.guard.formats.keyed import is_open, one
from auditor.guard.found import Found, Named, Training, Unread
from auditor.yamlfile import KeyPath

BASE = frozenset((
    "base_model", "base_model_name", "model_name_or_path", "pretrained_model_name_or_path", "model_name", "model_id",
    "model_path", "student", "student_model", "pretrained_model", "hf_model", "base_model_id", "from_pretrained",
))  # fmt: skip
TEACHERS = frozenset((
    "teacher", "teacher_model", "teacher_model_name_or_path", "teacher_name", "teacher_path", "reward_model",
    "generator_model", "judge_model",
))  # fmt: skip
DATA = frozenset((
    "dataset", "datasets", "dataset_name", "dataset_id", "dataset_path", "train_dataset", "training_data", "train_data",
    "train_file", "train_files", "data_path", "train_path", "training_file", "data_files", "hf_dataset", "train_datasets",
))  # fmt: skip
OUTPUTS = frozenset(("output_dir", "hub_model_id", "save_dir", "save_path", "output_path", "run_name"))
SETTINGS = frozenset((
    "learning_rate", "lr", "epochs", "num_train_epochs", "num_epochs", "batch_size", "train_batch_size",
    "per_device_train_batch_size", "micro_batch_size", "gradient_accumulation_steps", "warmup_steps", "warmup_ratio",
    "lora_r", "lora_alpha", "lora_rank", "max_steps", "optimizer", "weight_decay", "lr_scheduler_type", "n_epochs",
))  # fmt: skip
MOST = 20_000
"""Values of a file that are looked at."""


def read_unknown(doc: Doc) -> Found | None:
    """Return what the usual keys of a training configuration hold, None where a file does not look like one."""
    found: dict[str, list[tuple[KeyPath, JsonValue]]] = {}
    for path, key, value in _keys((), doc.value, [MOST]):
        found.setdefault(key, []).append((path, value))
    keys = found.keys()
    trains = keys & DATA and keys & (BASE | {"model"}) and (keys & SETTINGS or keys & TEACHERS)
    if not trains and not (keys & TEACHERS and keys & (BASE | DATA) and keys & SETTINGS):
        return None
    training = Training(
        base=tuple(_named(doc, found, BASE | {"model"})),
        teachers=tuple(_named(doc, found, TEACHERS)),
        datasets=tuple(_named(doc, found, DATA)),
        outputs=tuple(_named(doc, found, OUTPUTS)),
    )
    why = "this looks like a training configuration, in a format that is not known; only its usual keys were read"
    return Found("unknown training configuration", (training,), unread=(Unread(doc.place(()), why),))


def with_teachers(found: Found, doc: Doc) -> Found:
    """Return what a configuration of a known format says, with the teachers under keys that the format does not have."""
    keys: dict[str, list[tuple[KeyPath, JsonValue]]] = {}
    for path, key, value in _keys((), doc.value, [MOST]):
        if key in TEACHERS:
            keys.setdefault(key, []).append((path, value))
    if len(found.trainings) != 1 or not keys:
        return found
    (training,) = found.trainings
    known = {named.name for named in training.teachers}
    more = tuple(named for named in _named(doc, keys, TEACHERS) if named.name not in known)
    return replace(found, trainings=(replace(training, teachers=(*training.teachers, *more)),))


def _keys(path: KeyPath, value: JsonValue, left: list[int]) -> Iterator[tuple[KeyPath, str, JsonValue]]:
    """`left` holds how many more values may be looked at."""
    left[0] -= 1
    if len(path) > 12 or left[0] < 0:
        return
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*path, key), key.lower().lstrip("-").replace("-", "_"), item
            yield from _keys((*path, key), item, left)
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _keys((*path, i), item, left)


def _named(doc: Doc, found: dict[str, list[tuple[KeyPath, JsonValue]]], keys: frozenset[str]) -> Iterator[Named]:
    seen: set[str] = set()
    for key in sorted(found.keys() & keys):
        for path, value in found[key]:
            for item in value if isinstance(value, list) else [value]:
                text = doc.filled(item.strip()) if isinstance(item, str) else ""
                if text and text not in seen and not is_open(text) and list(one(text)):
                    seen.add(text)
                    yield Named(text, doc.place(path))
