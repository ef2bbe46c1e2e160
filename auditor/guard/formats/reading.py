"""Reads one file: finds its format by its content, and says what it declares. The table of readers is here."""

import json
from collections.abc import Callable
from dataclasses import replace

from auditor.errors import AuditorError
from auditor.guard.document import LARGEST, Doc, front_matter, json_doc, yaml_doc
from auditor.guard.formats.boms import read_cyclonedx, read_spdx
from auditor.guard.formats.cards import read_card
from auditor.guard.formats.configs import CONFIGS
from auditor.guard.formats.croissant import read_croissant
from auditor.guard.formats.distilabel import read_pipeline
from auditor.guard.formats.dvc import read_pointer, read_stages
from auditor.guard.formats.llama_factory import read_dataset_info, read_dataset_list
from auditor.guard.formats.openai import read_job
from auditor.guard.formats.sidecar import read_sidecar
from auditor.guard.formats.torchtune import read_torchtune
from auditor.guard.formats.unknown import read_unknown
from auditor.guard.found import Found, Place, Training, Unread

Reader = Callable[[Doc], Found | None]

READERS: tuple[Reader, ...] = (
    read_sidecar,
    read_pointer,
    read_stages,
    read_cyclonedx,
    read_spdx,
    read_croissant,
    read_pipeline,
    read_torchtune,
    *(lambda doc, form=form: form.read(doc) if form.fits(doc) else None for form in CONFIGS),
    read_job,
    read_dataset_info,
    read_dataset_list,
    read_unknown,
)
"""Tried in this order on YAML and JSON; the first that knows the file counts."""

YAML = (".yaml", ".yml", ".dvc", "dvc.lock")
JSON = (".json", ".jsonld", ".json-ld")
MARKDOWN = (".md", ".markdown")
SCRIPT = (".py",)
COMMANDS = (".sh", ".bash", ".zsh", ".slurm", ".sbatch", ".mk")
COMMAND_FILES = ("makefile", "justfile", "dockerfile", "run")
LISTING = ("model card", "DVC stages", "SPDX", "CycloneDX")
"""Formats that list models and need not say what they were trained on."""
WORDS = ("dataset", "base_model", "model_name", "teacher", "train_file", "training_file", "fine_tun", "finetun")
"""A file that is damaged is taken for a training configuration if it holds one of these."""


def is_readable(path: str) -> bool:
    """Return whether a file's name is one of those that may declare training or a dataset."""
    name = path.rpartition("/")[2].lower()
    return name.endswith((*YAML, *JSON, *MARKDOWN, *SCRIPT, *COMMANDS, ".ipynb")) or name.startswith(COMMAND_FILES)


def read_text(path: str, text: str) -> Found | None:
    """Return what a file declares, None where it has nothing to do with training.

    What is damaged, or is about training in a way that is not known, comes back as unread, so that it counts as unknown.

    Args:
        path: its path in the repository, which the places name.
        text: its content.
    """
    try:
        found = _read(path, path.lower(), text)
    except AuditorError as error:
        return _damaged(path, text, error)
    if found and not found.unread and found.format not in LISTING:
        missing = next((training for training in found.trainings if not (training.datasets or training.service)), None)
        if missing:
            return replace(
                found, unread=(Unread(_begins(path, missing), "no dataset of this training run could be read"),)
            )
    return found


def _begins(path: str, training: Training) -> Place:
    named = (*training.base, *training.teachers, *training.outputs)
    return Place(path, named[0].place.line if named else None)


def _read(path: str, name: str, text: str) -> Found | None:
    if name.endswith(MARKDOWN):
        doc = front_matter(path, text)
        return read_card(doc, text) if doc else None
    if name.endswith(".ipynb"):
        return _notebook(path, text)
    if name.endswith(SCRIPT):
        return _script(path, text)
    if name.endswith(JSON):
        return _first(json_doc(path, text))
    if name.endswith(YAML):
        return _first(yaml_doc(path, text)) or (_commands(path, text) if "--" in text else None)
    return _commands(path, text)


def _first(doc: Doc) -> Found | None:
    for reader in READERS:
        if found := reader(doc):
            return found
    return None


def _damaged(path: str, text: str, error: AuditorError) -> Found | None:
    if not any(word in text[:LARGEST] for word in WORDS):
        return None
    fault = error.faults[0] if error.faults else None
    place = Place(path, fault.location.line if fault else None)
    return Found("unreadable", unread=(Unread(place, fault.message if fault else error.message),))


def _script(path: str, text: str) -> Found | None:
    from auditor.guard.formats.scripts import read_script  # few commits touch scripts

    return read_script(path, text)


def _notebook(path: str, text: str) -> Found | None:
    """The code cells of a notebook, one after another, without the lines that are no Python."""
    try:
        cells = json.loads(text).get("cells", [])
        code = ["".join(cell.get("source", [])) for cell in cells if cell.get("cell_type") == "code"]
    except (ValueError, RecursionError, AttributeError, TypeError):
        return _damaged(path, text, AuditorError("not a notebook"))
    lines = [line for cell in code for line in cell.splitlines() if not line.lstrip().startswith(("%", "!", "?"))]
    return _script(path, "\n".join(lines))


def _commands(path: str, text: str) -> Found | None:
    from auditor.guard.formats.runs import read_runs  # few commits touch shell scripts

    return read_runs(path, text)
