"""Configurations that are about training in a format that nobody told us of: what the usual keys hold is taken, the rest is
unknown, and so is the file.
"""

import re
from collections.abc import Iterator

from pydantic import JsonValue

from auditor.guard.document import Doc, walk
from auditor.guard.formats.keyed import is_open, one
from auditor.guard.found import Found, Named, Training, Unread
from auditor.guard.kinds import is_data
from auditor.registry import datasets as registry
from auditor.yamlfile import KeyPath

BASE = frozenset((
    "base_model", "base_model_name", "model_name_or_path", "pretrained_model_name_or_path", "model_name", "model_id",
    "model_path", "student", "student_model", "pretrained_model", "hf_model", "base_model_id", "from_pretrained",
    "pretrain", "base_model_identifier", "checkpoint_dir", "restore_from_path",
))  # fmt: skip
STRONG = frozenset(("base_model", "model_name_or_path", "pretrained_model_name_or_path"))
"""Keys that stand in configurations of training alone."""
TEACHERS = frozenset((
    "teacher", "teacher_model", "teacher_model_name_or_path", "teacher_name", "teacher_path", "reward_model",
    "generator_model", "teacher_model_identifier",
))  # fmt: skip
DATA = frozenset((
    "dataset", "datasets", "dataset_name", "dataset_id", "dataset_path", "train_dataset", "training_data", "train_data",
    "train_file", "train_files", "data_path", "train_path", "training_file", "data_files", "hf_dataset", "train_datasets",
    "data", "prompt_data", "dataset_mixer_list", "training_files", "train_data_path", "train_data_paths",
))  # fmt: skip
TRAINING_DATA = re.compile(r"(?:train|training|sft)_(?:\w+_)?(?:uri|path|file|data|dataset)s?(?:_uri|_path)?")
"""Other keys that can hold nothing else."""
OUTPUTS = frozenset(("output_dir", "hub_model_id", "save_dir", "save_path", "output_path", "run_name"))
SETTINGS = frozenset((
    "learning_rate", "lr", "epochs", "num_train_epochs", "num_epochs", "train_batch_size",
    "per_device_train_batch_size", "micro_batch_size", "gradient_accumulation_steps", "warmup_steps", "warmup_ratio",
    "lora_r", "lora_alpha", "lora_rank", "max_steps", "optimizer", "weight_decay", "lr_scheduler_type", "n_epochs",
))  # fmt: skip
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
WEIGHT = re.compile(r"[\d.]+")
"""What stands beside a dataset in lists of names and shares."""


Entries = dict[str, list[tuple[KeyPath, JsonValue]]]


def read_unknown(doc: Doc) -> Found | None:
    """Return what the usual keys of a training configuration hold, None where a file does not look like one."""
    found = entries(doc)
    keys = found.keys()
    settings = len(keys & SETTINGS)
    only = {key for key in keys if TRAINING_DATA.fullmatch(key)}
    data = frozenset(keys & DATA | only)
    datasets = tuple(names_at(doc, found, data))
    trains = data and keys & (BASE | {"model"}) and (settings or keys & TEACHERS)
    tunes = data and keys & STRONG and (keys & OUTPUTS or only)
    teaches = (
        keys & TEACHERS and keys & (BASE | data) and (settings or (keys & TEACHERS != {"teacher"} and keys & BASE))
    )
    if not (trains or tunes or teaches or (settings > 1 and any(_is_dataset(named.name) for named in datasets))):
        return None
    training = Training(
        base=tuple(names_at(doc, found, BASE | {"model"})),
        teachers=tuple(names_at(doc, found, TEACHERS)),
        datasets=datasets,
        outputs=tuple(names_at(doc, found, OUTPUTS)),
    )
    why = "this looks like a training configuration, in a format that is not known; only its usual keys were read"
    return Found("unknown training configuration", (training,), unread=(Unread(doc.place(()), why),))


def _is_dataset(name: str) -> bool:
    """Whether a name under a dataset's key can be nothing else: an id of the registry, or a data file."""
    return is_data(name) or registry.datasets().find(name) is not None


def entries(doc: Doc) -> Entries:
    """Return what stands under each key at any depth, the keys in lower case with `_` between words."""
    found: Entries = {}
    for path, value in walk(doc.value):
        if path and isinstance(path[-1], str):
            key = CAMEL.sub("_", path[-1].lstrip("-")).replace("-", "_").lower()
            found.setdefault(key, []).append((path, value))
    return found


def names_at(doc: Doc, found: Entries, keys: frozenset[str]) -> Iterator[Named]:
    """Yield the names, each once, that stand under some keys."""
    seen: set[str] = set()
    for key in sorted(found.keys() & keys):
        for path, value in found[key]:
            for item in value if isinstance(value, list) else [value]:
                text = doc.filled(item.strip()) if isinstance(item, str) else ""
                if text and text not in seen and not (is_open(text) or WEIGHT.fullmatch(text)) and list(one(text)):
                    seen.add(text)
                    yield Named(text, doc.place(path))
