"""Configs, cards and manifests as data in which every value has a place. Knows YAML, JSON and front matter, and no format."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import JsonValue

from auditor.errors import AuditorError
from auditor.guard.found import Place
from auditor.yamlfile import KeyPath, Tree, parse_yaml

LARGEST = 2_000_000
"""Characters of a config; a larger file is no config that anybody wrote."""
DEEPEST = 40
"""Levels of nesting that are looked at."""
MOST = 100_000
"""Values that are looked at for one key path, so that a tower of YAML aliases ends."""
FRONT_MATTER = re.compile(
    r"\A\ufeff?(?:\s*<!--(?:(?!-->).)*-->)*\s*^---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", re.DOTALL | re.MULTILINE
)
JSON_MARK = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],\n]')
VARIABLE = re.compile(r"\$\{([A-Za-z_][\w.]*)\}")


@dataclass(frozen=True)
class Doc:
    """The data of one file. `text` is the file; `positions` are those of YAML, and empty where they can be found in `text`."""

    path: str
    text: str
    value: JsonValue
    positions: dict[KeyPath, tuple[int, int]]
    shift: int = 0

    def place(self, path: KeyPath) -> Place:
        """Return where the value at `path` stands."""
        line = Tree(self.path, self.value, self.positions or self._found).where(path).line
        return Place(self.path, (line + self.shift) if line else None, key_of(path))

    @cached_property
    def _found(self) -> dict[KeyPath, tuple[int, int]]:
        """The lines of JSON's keys and items, from one look at the text."""
        return {path: (line, 1) for path, line in _json_lines(self.text)}

    def at(self, path: KeyPath) -> JsonValue:
        """Return the value at `path`, None where there is none."""
        value = self.value
        for part in path:
            if isinstance(value, dict) and isinstance(part, str):
                value = value.get(part)
            elif isinstance(value, list) and isinstance(part, int) and part < len(value):
                value = value[part]
            else:
                return None
        return value

    def select(self, keys: str) -> Iterator[tuple[KeyPath, JsonValue]]:
        """Yield what stands at a dotted key path such as `datasets.path`, in every item of lists on the way.

        `*` is every value of a mapping, and `@` at the end every key of it.
        """
        yield from _walk((), self.value, keys.split("."), [MOST])

    def names(self, keys: str) -> Iterator[tuple[KeyPath, str]]:
        """Yield the texts at a dotted key path, with `${a.b}` replaced by what stands at `a.b`."""
        for path, value in self.select(keys):
            if isinstance(value, str) and value.strip():
                yield path, self.filled(value.strip())

    def has(self, keys: str) -> bool:
        """Return whether something other than null stands at a dotted key path."""
        return any(value is not None for _, value in self.select(keys))

    def filled(self, text: str) -> str:
        """Return `text` with references to other keys of the file replaced, as OmegaConf does; others are left."""
        for _ in range(3):
            text = VARIABLE.sub(lambda found: self._variable(found.group(1)) or found.group(0), text)[:4096]
        return text

    def _variable(self, name: str) -> str | None:
        value = self.at(tuple(name.split(".")))
        return str(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else None


def _walk(path: KeyPath, value: JsonValue, parts: list[str], left: list[int]) -> Iterator[tuple[KeyPath, JsonValue]]:
    """`left` holds how many more values may be looked at."""
    left[0] -= 1
    if left[0] < 0:
        return
    if isinstance(value, list):
        for i, item in enumerate(value):
            yield from _walk((*path, i), item, parts, left)
    elif not parts:
        yield path, value
    elif isinstance(value, dict):
        if parts == ["@"]:
            yield from (((*path, key), key) for key in value)
        elif parts[0] == "*":
            for key, item in value.items():
                yield from _walk((*path, key), item, parts[1:], left)
        elif parts[0] in value:
            yield from _walk((*path, parts[0]), value[parts[0]], parts[1:], left)


def _json_lines(text: str) -> Iterator[tuple[KeyPath, int]]:
    """Yield the keys of mappings, and those items of lists that are texts, mappings or lists, each with its line from 1."""
    yield (), 1
    line, path, is_key = 1, list[str | int](), False
    for found in JSON_MARK.finditer(text):
        mark = found.group()
        is_item = bool(path) and isinstance(path[-1], int) and mark[0] in '"{['
        if is_item:
            yield tuple(path), line
        if mark == "\n":
            line += 1
        elif mark in "{[":
            path.append("" if mark == "{" else 0)
            is_key = mark == "{"
        elif mark in "}]":
            path[-1:] = []
            is_key = False
        elif mark == "," and path:
            last = path[-1]
            path[-1] = last + 1 if isinstance(last, int) else last
            is_key = not isinstance(last, int)
        elif is_key and not is_item:
            path[-1], is_key = json.loads(mark, strict=False), False
            yield tuple(path), line


def key_of(path: KeyPath) -> str:
    """Return a key path as people write it: `datasets[0].path`."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).removeprefix(".")


def yaml_doc(path: str, text: str, shift: int = 0) -> Doc:
    """Return a YAML file as data; `shift` is the number of lines above it.

    Raises:
        AuditorError: it is not YAML, or larger or deeper than a config.
    """
    if len(text) > LARGEST:
        raise AuditorError(f"larger than {LARGEST // 1_000_000} MB, which no configuration is")
    tree = parse_yaml(text, path, loose=True)
    return Doc(path, text, whole_text(tree.value, text), tree.positions, shift)


def whole_text(value: JsonValue, source: str | bytes) -> Any:
    """Return JSON data with the halves of characters that its escapes may hold replaced, since no other text can hold them."""
    escaped = b"\\ud" in source.lower() if isinstance(source, bytes) else "\\ud" in source.lower()
    if not escaped:
        return value
    return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


def json_doc(path: str, text: str) -> Doc:
    """Return a JSON file as data.

    Raises:
        AuditorError: it is not JSON, or larger or deeper than a manifest.
    """
    if len(text) > LARGEST:
        raise AuditorError(f"larger than {LARGEST // 1_000_000} MB, which no manifest is")
    try:
        return Doc(path, text, whole_text(json.loads(text.removeprefix("\ufeff")), text), {})
    except RecursionError:
        raise AuditorError("nested too deep") from None
    except ValueError as error:
        raise AuditorError(f"not JSON: {error}") from error


def toml_doc(path: str, text: str) -> Doc:
    """Return a TOML file as data; each value is placed at the first line that assigns a key of its name.

    Raises:
        AuditorError: it is not TOML, or larger than a configuration.
    """
    import tomllib  # few commits touch such files

    if len(text) > LARGEST:
        raise AuditorError(f"larger than {LARGEST // 1_000_000} MB, which no configuration is")
    try:
        data = tomllib.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise AuditorError(f"not TOML: {error}") from error
    value = json.loads(json.dumps(data, default=str))
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if key := line.partition("=")[0].strip(" \t[]\"'").rpartition(".")[2]:
            lines.setdefault(key, number)
    places = ((where, lines.get(str(where[-1]) if where else "")) for where, _ in walk(value))
    return Doc(path, text, value, {(): (1, 1), **{where: (line, 1) for where, line in places if line}})


def walk(value: JsonValue, most: int = MOST, deepest: int = DEEPEST) -> Iterator[tuple[KeyPath, JsonValue]]:
    """Yield everything in a value, itself first, with the key path to it, up to a number of values and a depth."""
    waiting: list[tuple[KeyPath, JsonValue]] = [((), value)]
    for _ in range(most):
        if not waiting:
            return
        path, item = waiting.pop()
        yield path, item
        inner = item.items() if isinstance(item, dict) else enumerate(item) if isinstance(item, list) else ()
        waiting += reversed([((*path, key), part) for key, part in inner]) if len(path) < deepest else []


def front_matter(path: str, text: str) -> Doc | None:
    """Return the YAML between the `---` lines at the head of a Markdown file, None where there is none.

    Raises:
        AuditorError: it is not YAML.
    """
    found = FRONT_MATTER.match(text)
    return yaml_doc(path, found.group(1), text.count("\n", 0, found.start(1))) if found else None
