"""Reads YAML as data with positions, and turns what pydantic finds wrong into located faults.

Stricter than YAML: no aliases, no tags, no duplicate keys, one document; `NO`, `yes` and dates stay text. Nothing is
constructed but dicts, lists, strings, numbers, booleans and None. Other people's files are read as they are (`loose`): aliases
and merge keys are followed, tags are passed over, the last of two equal keys counts, and only the first document.
"""

import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, JsonValue, ValidationError
from pydantic_core import ErrorDetails

from auditor.errors import AuditorError, Fault, Location, raise_faults

MAX_BYTES = 8_000_000
MAX_DEPTH = 60
MAX_MERGED = 200_000
SCALARS: list[tuple[re.Pattern[str], Any]] = [
    (re.compile(r"|~|null|Null|NULL"), lambda _: None),
    (re.compile(r"true|True|TRUE"), lambda _: True),
    (re.compile(r"false|False|FALSE"), lambda _: False),
    (re.compile(r"[-+]?(0|[1-9][0-9]{0,17})"), int),
    (re.compile(r"[-+]?(0|[1-9][0-9]{0,39})(\.[0-9]{1,40}([eE][-+]?[0-9]{1,2})?|[eE][-+]?[0-9]{1,2})"), float),
]

KeyPath = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Tree:
    """The data of one YAML file, and where each key and item stands."""

    file: str
    value: JsonValue
    positions: dict[KeyPath, tuple[int, int]]

    def where(self, path: KeyPath) -> Location:
        """Return the place of `path`, or of the nearest thing above it that has one."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.positions:
                return Location(self.file, *self.positions[path[:length]])
        return Location(self.file)

    def fault(self, path: KeyPath, message: str, hint: str = "") -> Fault:
        """Return a fault at `path`."""
        return Fault(self.where(path), message, hint)


class _Builder:
    """Builds values from parser events, noting positions and faults as it goes."""

    def __init__(self, file: str, text: str, *, loose: bool = False) -> None:
        self.file = file
        self.loose = loose
        self.anchors: dict[str, JsonValue] = {}
        self.events = yaml.parse(text, Loader=yaml.CSafeLoader)
        self.positions: dict[KeyPath, tuple[int, int]] = {}
        self.faults: list[Fault] = []
        self.merged = 0

    def build(self) -> JsonValue:
        value: JsonValue = None
        documents = 0
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1 and self.loose:
                    break
                if documents > 1:
                    self._fault(event, "a second document starts here; use one document a file")
                    break
                value = self._node(next(self.events), ())
        return value

    def _node(self, event: yaml.Event, path: KeyPath) -> JsonValue:
        self.positions.setdefault(path, _place(event))
        if len(path) > MAX_DEPTH:
            raise AuditorError(f"{self.file}: nested more than {MAX_DEPTH} deep")
        if isinstance(event, yaml.AliasEvent):
            if self.loose:
                return self.anchors.get(event.anchor or "")  # the same object, so that a tower of aliases takes no room
            self._fault(event, "aliases (*name) are not read; write the value out")
            return None
        tag = getattr(event, "tag", None)
        if tag is not None and tag != "!" and not self.loose:
            self._fault(event, f"tags are not read: {tag[:40]}")
        value = self._value(event, path)
        if anchor := getattr(event, "anchor", None):
            self.anchors[anchor] = value
        return value

    def _value(self, event: yaml.Event, path: KeyPath) -> JsonValue:
        if isinstance(event, yaml.ScalarEvent):
            return scalar(event.value) if event.implicit[0] and not event.style else event.value
        return self._sequence(path) if isinstance(event, yaml.SequenceStartEvent) else self._mapping(path)

    def _sequence(self, path: KeyPath) -> JsonValue:
        items: list[JsonValue] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self._node(event, (*path, len(items))))
        return items

    def _mapping(self, path: KeyPath) -> JsonValue:
        items: dict[str, JsonValue] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                if not self.loose:
                    self._fault(event, "a key must be plain text")
                self._node(event, (*path, "?"))
                self._node(next(self.events), (*path, "?"))
                continue
            key = event.value
            if key in items and not self.loose:
                self._fault(event, f"the key '{key}' stands here a second time")
            self.positions[(*path, key)] = _place(event)
            items[key] = self._node(next(self.events), (*path, key))
        return self._merged(items) if self.loose and "<<" in items else items

    def _merged(self, items: dict[str, JsonValue]) -> JsonValue:
        """The mapping with what its merge key brings in, which its own keys replace; all mappings together up to a limit."""
        brought = items.pop("<<")
        for other in brought if isinstance(brought, list) else [brought]:
            items = (other | items) if isinstance(other, dict) else items
            self.merged += len(items)
            if self.merged > MAX_MERGED:
                raise AuditorError(f"{self.file}: its merge keys (<<) make more than {MAX_MERGED:,} entries")
        return items

    def _fault(self, event: yaml.Event, message: str) -> None:
        self.faults.append(Fault(Location(self.file, *_place(event)), message))


def _place(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def scalar(text: str) -> JsonValue:
    """Return the value of a plain scalar: null, boolean or number where it is written as one, else text."""
    for pattern, convert in SCALARS:
        if pattern.fullmatch(text):
            value: JsonValue = convert(text)
            return value
    return text


def parse_yaml(text: str, file: str, *, loose: bool = False) -> Tree:
    """Return the data of `text` with positions; `loose` for files that are not ours.

    Raises:
        AuditorError: not YAML, or more than we read; with every fault found.
    """
    if len(text) > MAX_BYTES:
        raise AuditorError(f"{file}: larger than {MAX_BYTES // 1_000_000} MB; this is not read as YAML")
    builder = _Builder(file, text, loose=loose)
    try:
        value = builder.build()
    except UnicodeEncodeError as error:
        builder.faults.append(Fault(Location(file), f"not Unicode text (half a character at {error.start})"))
        value = None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        location = Location(file, mark.line + 1, mark.column + 1) if mark else Location(file)
        builder.faults.append(Fault(location, f"not valid YAML: {error.problem or error.context}"))
        value = None
    except yaml.YAMLError as error:
        builder.faults.append(Fault(Location(file), f"not valid YAML: {error}".splitlines()[0]))
        value = None
    raise_faults("cannot read YAML", builder.faults)
    return Tree(file, value, builder.positions)


def read_yaml(path: Path, name: str = "") -> Tree:
    """Return the data of the file at `path`, called `name` in messages.

    Raises:
        AuditorError: the file cannot be read, or `parse_yaml` refuses it.
    """
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise AuditorError(f"cannot read {name or path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise AuditorError(f"cannot read {name or path}: not UTF-8 text (byte {error.start})") from error
    return parse_yaml(text, name or str(path))


def validate(model: type[M], tree: Tree) -> tuple[M | None, list[Fault]]:
    """Return the data of `tree` as a `model`, or None with all its faults."""
    if not isinstance(tree.value, dict):
        return None, [tree.fault((), "expected a mapping of keys to values")]
    try:
        return model.model_validate(tree.value), []
    except ValidationError as error:
        details = error.errors()
        inner = {detail["loc"][:-1] for detail in details} | {detail["loc"][:-2] for detail in details}
        # pydantic counts items that failed as absent; the faults inside them say more
        return None, [_fault(model, tree, d) for d in details if not (d["type"] == "too_short" and d["loc"] in inner)]


def _fault(model: type[BaseModel], tree: Tree, detail: ErrorDetails) -> Fault:
    path: KeyPath = tuple(detail["loc"])
    name = str(path[-1]) if path else ""
    match detail["type"]:
        case "extra_forbidden":
            return tree.fault(path, f"unknown key '{name}'", nearest(name, _fields(model, path[:-1])))
        case "missing":
            return tree.fault(path[:-1], f"the key '{name}' is missing")
        case "literal_error" | "enum":
            expected = re.findall(r"'([^']*)'", str(detail["ctx"]["expected"]))
            return tree.fault(
                path,
                f"{name}: '{detail['input']}' is not one of {', '.join(expected)}",
                nearest(str(detail["input"]), expected),
            )
        case kind if kind.startswith("date_"):
            return tree.fault(path, f"{name}: '{detail['input']}' is no day", "write it as 2025-05-31")
        case _:
            message = detail["msg"].removeprefix("Value error, ")
            return tree.fault(path, f"{name}: {message[:1].lower()}{message[1:]}" if name else message)


def nearest(word: str, choices: "list[str] | tuple[str, ...] | set[str]") -> str:
    """Return `did you mean …?` for the choice nearest to `word`, or nothing."""
    close = get_close_matches(word, sorted(choices), n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else ""


def _fields(model: Any, path: KeyPath) -> list[str]:
    """Return the keys that the model at `path` below `model` knows."""
    if isinstance(model, type) and issubclass(model, BaseModel):
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        if not path:
            return list(fields)
        field = fields.get(str(path[0]))
        return _fields(field.annotation, path[1:]) if field else []
    for argument in get_args(model):
        if argument is not str and (found := _fields(argument, path[1:] if _is_container(model) else path)):
            return found
    return []


def _is_container(annotation: Any) -> bool:
    return getattr(annotation, "__origin__", None) in (tuple, dict, list)


class _Dumper(yaml.SafeDumper):
    """Writes text with odd line breaks in double quotes, where they are escaped; read back otherwise they turn into spaces."""


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    odd = any(character in text for character in "\x85\u2028\u2029\ufeff")
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if odd else None)


_Dumper.add_representer(str, _text)


def write_yaml(value: JsonValue) -> str:
    """Return data as YAML text that `parse_yaml` reads back as the same data."""
    text: str = yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=110)
    return text
