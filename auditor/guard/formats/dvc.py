"""DVC: stages that make data and models out of other files, and what `.dvc` files say of data that is not in git."""

import re
from collections.abc import Iterator
from dataclasses import replace

from pydantic import JsonValue

from auditor.guard.document import Doc
from auditor.guard.formats.keyed import is_open
from auditor.guard.formats.words import is_model
from auditor.guard.found import Dataset, Found, Named, Place, Training, Unread
from auditor.guard.kinds import is_data
from auditor.guard.paths import clean
from auditor.yamlfile import KeyPath

META = {
    "generators": ("generator", "generators", "generator_model", "teacher", "teacher_model"),
    "providers": ("provider", "generator_provider"),
    "routes": ("route",),
    "licences": ("licence", "license"),
    "sources": ("source_dataset", "derived_from"),
}
"""What we read in the free-form `meta` of a `.dvc` file."""
MD5 = "md5 "
MODELS = re.compile(
    r"(?i)(?:^|[/_-])(?:models?|checkpoints?|adapters?|weights)(?:/|$|[._-]v?\d)|\.(?:safetensors|gguf|ckpt)$"
)
"""Paths of models; `model_outputs` is none."""
CONFIGS = (".yaml", ".yml", ".json", ".py", ".toml", ".sh")
DATA = (".json",)
TRAINS = re.compile(r"(?i)\b(?:\w*train|fine[-_]?tun\w*|sft|dpo|grpo|axolotl|llamafactory-cli|swift)\b")
"""Commands that make a model, whatever its folder is called."""


def read_stages(doc: Doc) -> Found | None:
    """Return the stages of a `dvc.yaml` or `dvc.lock`, None where the file is none."""
    if doc.path.rpartition("/")[2] not in ("dvc.yaml", "dvc.lock") or not doc.has("stages"):
        return None
    found = [_stage(doc, name, stage) for name, stage in _stages(doc)]
    return Found(
        "DVC stages",
        tuple(training for stage in found for training in stage.trainings),
        tuple(dataset for stage in found for dataset in stage.datasets),
        tuple(unread for stage in found for unread in stage.unread),
    )


def _stages(doc: Doc) -> Iterator[tuple[KeyPath, dict[str, JsonValue]]]:
    """The stages, with those that a `foreach` or `matrix` makes several of as one."""
    stages = doc.at(("stages",))
    for name, stage in stages.items() if isinstance(stages, dict) else ():
        inner = stage.get("do") if isinstance(stage, dict) else None
        if isinstance(inner, dict):
            yield ("stages", name, "do"), inner
        elif isinstance(stage, dict):
            yield ("stages", name), stage


def _stage(doc: Doc, at: KeyPath, stage: dict[str, JsonValue]) -> Found:
    """What one stage makes of what."""
    named = {key: [*_paths(doc, at, stage, key)] for key in ("deps", "outs")}
    hidden = [n for names in named.values() for n in names if is_open(n.name)]
    deps, outs = ([n for n in names if n not in hidden] for names in named.values())
    inputs = tuple(dep for dep in deps if not dep.name.endswith(CONFIGS) or dep.name.endswith(DATA))
    command = stage.get("cmd")
    lines = [part for part in (command if isinstance(command, list) else [command]) if isinstance(part, str)]
    text = doc.filled(" && ".join(lines))
    hidden += [Named(text, doc.place((*at, "cmd")))] if is_open(text) else []
    place = doc.place((*at, "cmd"))
    trains = TRAINS.search(text)
    weights = tuple(out for out in outs if _is_model(out.name))
    models = tuple(out for out in outs if out in weights or (trains and not _is_data(out.name)))
    data = tuple(dep for dep in inputs if not _is_model(dep.name))
    trainings = [
        replace(
            training,
            datasets=(*(replace(named, place=place) for named in training.datasets), *data),
            outputs=(*training.outputs, *models),
        )
        for training in _commanded(doc.path, text)
    ]
    writers = tuple(_writers(text, place))
    return Found(
        "DVC stages",
        tuple(trainings or ([Training(datasets=data, teachers=writers, outputs=models)] if models else [])),
        tuple(Dataset((out,), generators=writers, sources=inputs) for out in outs if out not in weights),
        tuple(Unread(n.place, f"'{n.name}' is filled in somewhere else") for n in hidden),
    )


def _commanded(path: str, command: str) -> tuple[Training, ...]:
    """The training that a stage's command itself declares by its options."""
    if "--" not in command:
        return ()
    from auditor.guard.formats.runs import read_runs  # few commits touch stages

    runs = read_runs(path, command)
    return runs.trainings if runs else ()


def read_pointer(doc: Doc) -> Found | None:
    """Return what a `.dvc` file says of its data, None where the file is none."""
    if not doc.path.endswith(".dvc") or not doc.has("outs"):
        return None
    folder = _folder(doc, doc.at(("wdir",)))

    def meta(kind: str) -> tuple[Named, ...]:
        keys = [key for name in META[kind] for key in (f"meta.{name}", f"outs.meta.{name}")]
        return tuple(Named(name, doc.place(path)) for key in keys for path, name in doc.names(key))

    outs = tuple(
        Named(clean(f"{folder}/{name}"), doc.place(path), note=_hash(doc.at((*path[:-1], "md5"))))
        for path, name in doc.names("outs.path")
    )
    imported = tuple(
        Named(name, doc.place(path))
        for key in ("deps.path", "deps.repo.url")
        for path, name in doc.names(key)
        if "://" in name or name.startswith("git@")
    )
    if not outs:
        return None
    dataset = Dataset(
        names=outs,
        generators=meta("generators"),
        providers=meta("providers"),
        routes=meta("routes"),
        licences=meta("licences"),
        sources=(*meta("sources"), *imported),
    )
    return Found("DVC pointer", datasets=(dataset,))


def _hash(value: object) -> str:
    """The MD5 of a file as a note, by which it is found in the cache."""
    return f"{MD5}{value}" if isinstance(value, str) and re.fullmatch(r"[0-9a-f]{32}", value) else ""


def _paths(doc: Doc, at: KeyPath, stage: dict[str, JsonValue], key: str) -> Iterator[Named]:
    """The paths of a stage: texts, mappings with `path`, or mappings from a path to its settings."""
    folder = _folder(doc, stage.get("wdir"))
    listed = stage.get(key)
    for i, value in enumerate(listed if isinstance(listed, list) else []):
        path: KeyPath = (*at, key, i)
        names: list[tuple[KeyPath, str]] = []
        if isinstance(value, str):
            names = [(path, value)]
        elif isinstance(value, dict) and isinstance(value.get("path"), str):
            names = [((*path, "path"), str(value["path"]))]
        elif isinstance(value, dict):
            names = [((*path, name), name) for name in value]
        for place, name in names:
            filled = doc.filled(name)
            yield Named(clean(f"{folder}/{filled}") if "://" not in filled else filled, doc.place(place))


def _folder(doc: Doc, wdir: JsonValue) -> str:
    """The folder from which paths count: the file's own, or the one that it names."""
    return clean(f"{doc.path.rpartition('/')[0]}/{wdir if isinstance(wdir, str) else ''}")


def _is_model(path: str) -> bool:
    return MODELS.search(path) is not None and not is_data(path)


def _is_data(path: str) -> bool:
    return is_data(path) or path.lower().endswith(DATA)


def _writers(command: str, place: Place) -> Iterator[Named]:
    """The models that a stage's command names."""
    for word in command.replace("=", " ").split():
        if is_model(word.strip("'\"")):
            yield Named(word.strip("'\""), place, note=f"`{command[:120]}`")
