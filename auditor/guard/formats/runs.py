"""Commands in shell scripts that start training: their options are read as the configuration that they stand for."""

from pydantic import JsonValue

from auditor.guard.document import Doc
from auditor.guard.formats.commands import Command, read_commands
from auditor.guard.formats.configs import CONFIGS
from auditor.guard.formats.keyed import KeyFormat
from auditor.guard.formats.openai import read_job
from auditor.guard.formats.rest import with_rest
from auditor.guard.formats.torchtune import read_torchtune
from auditor.guard.formats.unknown import read_unknown
from auditor.guard.found import Found, Place, Unread

FORMATS = {
    "ms-swift": "ms-swift",
    "llama-factory": "LLaMA-Factory",
    "trl": "TRL",
    "autotrain": "AutoTrain",
    "unsloth": "Unsloth",
    "axolotl": "axolotl",
}
"""Program → the configuration format whose keys its options are."""
OPENAI = {"m": "model", "t": "training_file", "F": "training_file", "v": "validation_file", "s": "suffix"}


def read_runs(path: str, text: str) -> Found | None:
    """Return the training runs that a shell script starts, None where it starts none."""
    runs = [found for command in read_commands(path, text) if (found := _run(path, command))]
    if not runs:
        return None
    return Found(
        "commands",
        tuple(training for found in runs for training in found.trainings),
        unread=tuple(unread for found in runs for unread in found.unread),
    )


def _run(path: str, command: Command) -> Found | None:
    flags = dict(command.flags)
    if not flags:
        return _elsewhere(path, command)
    if command.program == "openai":
        return read_job(_doc(path, command, {OPENAI.get(key, key): value for key, value in flags.items()}))
    if command.program == "torchtune":
        return _torchtune(path, command)
    doc = _doc(path, command, flags)
    known = FORMATS.get(command.program)
    if known:
        return with_rest(_of(known).read(_renamed(doc, known)), doc)
    for form in CONFIGS:
        if form.fits(doc):
            return with_rest(form.read(doc), doc)
    if found := read_unknown(doc):
        return with_rest(found, doc)
    place = Place(path, command.line)
    return Found("commands", unread=(Unread(place, f"options of `{command.program}` that are not known"),))


def _elsewhere(path: str, command: Command) -> Found | None:
    """A command without options: the configuration that it names is a file of its own, if its words tell which."""
    hidden = [word for word in command.words if "$" in word]
    if not hidden:
        return None
    place = Place(path, command.line)
    return Found("commands", unread=(Unread(place, f"options of `{command.program}` are the value of `{hidden[0]}`"),))


def _torchtune(path: str, command: Command) -> Found:
    """What the command line sets on top of a recipe; the recipe that it names may be one of torchtune's own."""
    value: dict[str, JsonValue] = {}
    for key, item in command.flags.items():
        first, _, rest = key.partition(".")
        inner = value.setdefault(first, {})
        if isinstance(inner, dict) and isinstance(item, str):
            inner[rest or "_component_"] = item
    found = read_torchtune(Doc(path, "", value, {(): (command.line, 1)}))
    recipe = command.flags.get("config")
    unread = Unread(Place(path, command.line), f"the rest stands in the recipe '{recipe}'")
    return Found("torchtune", found.trainings if found else (), unread=(unread,))


def _of(name: str) -> KeyFormat:
    return next(form for form in CONFIGS if form.name == name)


def _renamed(doc: Doc, name: str) -> Doc:
    """AutoTrain's options have other names than its keys."""
    if name != "AutoTrain" or not isinstance(doc.value, dict):
        return doc
    value = dict(doc.value)
    nested = {"base_model": value.get("model"), "data": {"path": value.get("data_path")}, "task": value.get("task")}
    return Doc(doc.path, doc.text, value | nested, doc.positions)


def _doc(path: str, command: Command, flags: dict[str, str | list[str] | bool]) -> Doc:
    """The options as the data of a file; all stand in the line in which the command begins."""
    value: dict[str, JsonValue] = {key: [*item] if isinstance(item, list) else item for key, item in flags.items()}
    return Doc(path, "", value, {(): (command.line, 1)})
