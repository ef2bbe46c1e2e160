"""Reads one file: finds its format by its content, and says what it declares. The table of readers is here."""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import islice

from auditor.errors import AuditorError
from auditor.guard.document import LARGEST, Doc, front_matter, json_doc, toml_doc, yaml_doc
from auditor.guard.formats.boms import read_cyclonedx, read_spdx
from auditor.guard.formats.cards import read_card, read_hub_info, read_text_beside
from auditor.guard.formats.configs import CONFIGS
from auditor.guard.formats.croissant import read_croissant
from auditor.guard.formats.distilabel import read_pipeline
from auditor.guard.formats.dvc import read_pointer, read_stages
from auditor.guard.formats.llama_factory import read_dataset_info, read_dataset_list
from auditor.guard.formats.openai import read_job
from auditor.guard.formats.rest import NAMES_DATA, names_data, only_rest, with_literals, with_rest
from auditor.guard.formats.sidecar import PROVENANCE, SUFFIXES, read_sidecar
from auditor.guard.formats.torchtune import read_torchtune
from auditor.guard.formats.unknown import read_unknown
from auditor.guard.found import UNREADABLE, Found, Place, Training, Unread
from auditor.guard.kinds import JSON, MARKDOWN, NOTEBOOK, OTHER_TEXT, SCRIPT, TOML, YAML

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
    read_hub_info,
    read_dataset_info,
    read_dataset_list,
    read_unknown,
)
"""Tried in this order on YAML and JSON; the first that knows the file counts."""

DOCUMENT = re.compile(r"^---(?=\s)", re.MULTILINE)
MOST = 50
"""Documents of one YAML file that are read."""
LISTING = ("model card", "DVC stages", "SPDX", "CycloneDX")
"""Formats that list models and need not say what they were trained on."""
WORDS = re.compile(
    r"(?i)\b(?:datasets?\b|base_model|model_name|teacher|train|fine_?tun|stages:|learning_rate|generators|licen[cs]e:|file_name|"
    r"hf_hub_url|load_dataset)"
)
"""A file that is damaged is taken for a training configuration if it holds one of these."""


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
        return read_card(doc, text) if doc else read_text_beside(path, text)
    if name.endswith(NOTEBOOK):
        return _notebook(path, text)
    if name.endswith(SCRIPT):
        return _script(path, text)
    if name.endswith(JSON):
        return _first(json_doc(path, text))
    if name.endswith(TOML):
        return _first(toml_doc(path, text))
    if name.endswith(OTHER_TEXT):
        return names_data(path, text)
    if name.endswith(YAML):
        found = _documents(path, text)
        is_known = found and found.format != NAMES_DATA
        return found if is_known or "--" not in text else _runs(path, text) or found
    return _commands(path, text)


def _documents(path: str, text: str) -> Found | None:
    """What the documents of a YAML file say together."""
    begin = len(text) - len(text.lstrip())
    marks = (found.start() for found in DOCUMENT.finditer(text) if found.start() > begin)
    starts = [0, *islice(marks, MOST)]
    found = [
        _first(yaml_doc(path, text[start:end], text.count("\n", 0, start)))
        for start, end in zip(starts[:MOST], [*starts[1:], len(text)][:MOST], strict=True)
    ]
    if len(starts) > MOST and any(found):
        found.append(Found("YAML", unread=(Unread(Place(path), f"of its documents, those after the first {MOST}"),)))
    return _together(found)


def _together(parts: Iterable[Found | None]) -> Found | None:
    """What the parts of a file say, as one; the first of them names its format."""
    found = [part for part in parts if part]
    if len(found) < 2:
        return found[0] if found else None
    return Found(
        found[0].format,
        tuple(training for said in found for training in said.trainings),
        tuple(dataset for said in found for dataset in said.datasets),
        tuple(unread for said in found for unread in said.unread),
    )


def _first(doc: Doc) -> Found | None:
    found = next((found for reader in READERS if (found := reader(doc))), None)
    if found is None:
        return only_rest(doc)
    return found if found.format == PROVENANCE else with_rest(found, doc)


def _damaged(path: str, text: str, error: AuditorError) -> Found | None:
    if not path.lower().endswith(SUFFIXES) and not WORDS.search(text[:LARGEST]):
        return None
    fault = error.faults[0] if error.faults else None
    place = Place(path, fault.location.line if fault else None)
    return Found(UNREADABLE, unread=(Unread(place, fault.message if fault else error.message),))


def _script(path: str, text: str) -> Found | None:
    from auditor.guard.formats.scripts import read_script  # few commits touch scripts

    return with_literals(read_script(path, text), path, text)


def _notebook(path: str, text: str) -> Found | None:
    """The code cells of a notebook, one after another: their Python, and the commands after `!` or in a cell of a shell.

    Each line is put where it stands in the file, which has a line for each, so that places are those of the file.
    """
    try:
        cells = json.loads(text).get("cells", [])
        code = ["".join(cell.get("source", [])) for cell in cells if cell.get("cell_type") == "code"]
    except (ValueError, RecursionError, AttributeError, TypeError):
        return _damaged(path, text, AuditorError("not a notebook"))
    script: list[str] = []
    commands: list[str] = []
    at = number = 0
    has_lines = text.count("\n") >= sum(cell.count("\n") for cell in code)
    for cell in code:
        is_shell = cell.startswith(("%%bash", "%%sh"))
        goes_on = False
        for line in cell.split("\n"):
            found = text.find(json.dumps(line, ensure_ascii=False)[:-1], at) if line.strip() and has_lines else -1
            number += text.count("\n", at, found) if found > at else 0
            at = max(at, found)
            words = line.lstrip()
            is_command = is_shell or goes_on or words.startswith("!")
            goes_on = is_command and words.endswith("\\")
            if is_command:
                _put(commands, number, words.removeprefix("!"))
            if not is_shell:
                is_python = not (is_command or words.startswith(("%", "?")))
                _put(script, number, line if is_python else line[: len(line) - len(words)] + "pass")
    return _together((_script(path, "\n".join(script)), _commands(path, "\n".join(commands))))


def _put(lines: list[str], number: int, text: str) -> None:
    """Add a line, after so many empty ones that it has `number` before it."""
    lines += [""] * (number - len(lines))
    lines.append(text)


def _commands(path: str, text: str) -> Found | None:
    return _runs(path, text) or names_data(path, text)


def _runs(path: str, text: str) -> Found | None:
    from auditor.guard.formats.runs import read_runs  # few commits touch shell scripts

    return read_runs(path, text)
