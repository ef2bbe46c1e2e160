"""DVC: stages that make data and models out of other files, and what `.dvc` files say of data that is not in git."""

import re
from collections.abc import Iterator

from auditor.guard.document import Doc
from auditor.guard.formats.words import is_model
from auditor.guard.found import Dataset, Found, Named, Training
from auditor.guard.kinds import is_data
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
MODELS = ("model", "checkpoint", "adapter", "weights", ".safetensors", ".pt", ".bin", ".gguf", ".ckpt")
CONFIGS = (".yaml", ".yml", ".json", ".py", ".toml", ".sh")
DATA = (".json",)


def read_stages(doc: Doc) -> Found | None:
    """Return the stages of a `dvc.yaml` or `dvc.lock`, None where the file is none."""
    if doc.path.rpartition("/")[2] not in ("dvc.yaml", "dvc.lock") or not doc.has("stages"):
        return None
    stages = doc.at(("stages",))
    datasets: list[Dataset] = []
    trainings: list[Training] = []
    for name in stages if isinstance(stages, dict) else {}:
        outs = list(_paths(doc, f"stages.{name}.outs")) if "." not in name else []
        deps = list(_paths(doc, f"stages.{name}.deps")) if "." not in name else []
        models = tuple(out for out in outs if _is_model(out.name))
        inputs = tuple(dep for dep in deps if not dep.name.endswith(CONFIGS) or dep.name.endswith(DATA))
        if models:
            trainings.append(Training(datasets=tuple(i for i in inputs if not _is_model(i.name)), outputs=models))
        writers = tuple(_writers(doc, name))
        datasets += [Dataset((out,), generators=writers, sources=inputs) for out in outs if out not in models]
    return Found("DVC stages", tuple(trainings), tuple(datasets))


def read_pointer(doc: Doc) -> Found | None:
    """Return what a `.dvc` file says of its data, None where the file is none."""
    if not doc.path.endswith(".dvc") or not doc.has("outs"):
        return None
    folder = doc.path.rpartition("/")[0]

    def meta(kind: str) -> tuple[Named, ...]:
        keys = [key for name in META[kind] for key in (f"meta.{name}", f"outs.meta.{name}")]
        return tuple(Named(name, doc.place(path)) for key in keys for path, name in doc.names(key))

    outs = tuple(
        Named(f"{folder}/{name}".lstrip("/"), doc.place(path), note=_hash(doc.at((*path[:-1], "md5"))))
        for path, name in doc.names("outs.path")
    )
    imported = tuple(Named(name, doc.place(path)) for path, name in doc.names("deps.path") if "://" in name)
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


def _paths(doc: Doc, key: str) -> Iterator[Named]:
    """The paths of a stage: texts, mappings with `path`, or mappings from a path to its settings."""
    folder = doc.path.rpartition("/")[0]
    for path, value in doc.select(key):
        names: list[tuple[KeyPath, str]] = []
        if isinstance(value, str):
            names = [(path, value)]
        elif isinstance(value, dict) and isinstance(value.get("path"), str):
            names = [((*path, "path"), str(value["path"]))]
        elif isinstance(value, dict):
            names = [((*path, name), name) for name in value]
        for place, name in names:
            yield Named(f"{folder}/{name}".lstrip("/") if "://" not in name else name, doc.place(place))


def _is_model(path: str) -> bool:
    return any(word in path.lower() for word in MODELS) and not is_data(path)


def _writers(doc: Doc, stage: str) -> Iterator[Named]:
    """The models that a stage's command names."""
    for path, command in doc.names(f"stages.{stage}.cmd"):
        for word in command.replace("=", " ").split():
            if is_model(word.strip("'\"")):
                yield Named(word.strip("'\""), doc.place(path), note=f"`{command[:120]}`")
