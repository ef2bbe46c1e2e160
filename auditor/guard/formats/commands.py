"""Commands that start training, as shell scripts, makefiles and Dockerfiles write them: program, options and place."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST = 20_000
ASSIGNED = re.compile(r"^\s*(?:export\s+)?([A-Za-z_]\w*)=(\"[^\"$`]*\"|'[^']*'|[^\s\"'$`;&|]*)\s*(?:#.*)?$")
VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)(?::?-([^}]*))?\}|\$([A-Za-z_]\w*)|\$\(([A-Za-z_]\w*)\)")
PREFIX = re.compile(r"^(?:\s*(?:RUN|CMD|ENTRYPOINT|[-@+]+)\s*)")
TRAINING = frozenset((
    "model", "model_name", "model_name_or_path", "base_model", "dataset", "dataset_name", "teacher_model",
    "teacher_model_name_or_path", "train_file", "data_path", "model_id_or_path",
))  # fmt: skip
"""Options of which one shows that a script is about training."""
LAUNCHERS = frozenset((
    "python", "python3", "torchrun", "accelerate", "deepspeed", "uv", "run", "launch", "poetry", "pdm", "nohup", "time",
    "sudo", "env", "srun", "exec", "-m", "xargs",
))  # fmt: skip
PROGRAMS: dict[str, tuple[str, tuple[str, ...]]] = {
    "swift": ("ms-swift", ("sft", "pt", "rlhf", "dpo")),
    "megatron": ("ms-swift", ("sft", "pt", "rlhf")),
    "axolotl": ("axolotl", ("train", "preprocess")),
    "axolotl.cli.train": ("axolotl", ()),
    "llamafactory-cli": ("llama-factory", ("train", "export")),
    "trl": ("trl", ("sft", "dpo", "gkd", "grpo", "kto", "orpo", "reward", "rloo", "gold")),
    "tune": ("torchtune", ("run",)),
    "autotrain": ("autotrain", ()),
    "unsloth-cli.py": ("unsloth", ()),
    "openai": ("openai", ("api",)),
}
"""Program → its name in our formats, and the subcommands that train (all, if none are named)."""


@dataclass(frozen=True)
class Command:
    """One command that starts training.

    Attributes:
        program: ms-swift, axolotl, llama-factory, trl, torchtune, autotrain, unsloth, openai, or `script`.
        line: the line in which it begins, from 1.
        flags: its options, with `_` for `-`; one given several values has a list.
        words: what follows the program and is no option.
    """

    program: str
    line: int
    flags: dict[str, str | list[str] | bool]
    words: tuple[str, ...]


def read_commands(path: str, text: str) -> tuple[Command, ...]:
    """Return the commands of a script that start training, in order.

    Args:
        path: its path; the syntax is the same for all of them.
        text: its content; nothing in it is run or expanded but its own plain variables.
    """
    known: dict[str, str] = {}
    found: list[Command] = []
    for number, line in _logical(text):
        if assigned := ASSIGNED.match(line):
            known[assigned.group(1)] = _filled(assigned.group(2).strip("\"'"), known)
            continue
        for part in re.split(r"\s*(?:&&|\|\||;|\|)\s*", PREFIX.sub("", line)[:LONGEST]):
            words = _split(part)
            command = _command(number, [_filled(word, known) for word in words])
            found += [command] if command else []
    return tuple(found)


def _logical(text: str) -> Iterator[tuple[int, str]]:
    """The lines with those that a backslash continues joined to one, by the number of the first."""
    waiting, first = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        first = first or number
        if line.rstrip().endswith("\\"):
            waiting += line.rstrip()[:-1] + " "
            continue
        if not waiting.strip() and line.lstrip().startswith("#"):
            waiting, first = "", 0
            continue
        yield first, waiting + line
        waiting, first = "", 0
    if waiting:
        yield first, waiting


def _split(text: str) -> list[str]:
    try:
        words = shlex.split(text)
    except ValueError:
        return []
    comment = next((at for at, word in enumerate(words) if word.startswith("#")), len(words))
    return words[:comment]


def _filled(word: str, known: dict[str, str]) -> str:
    """A word with the script's own variables replaced; others are left, and so count as not known."""

    def value(found: re.Match[str]) -> str:
        name = found.group(1) or found.group(3) or found.group(4)
        return known.get(name, found.group(2) or f"${{{name}}}")

    return VARIABLE.sub(value, word)[:4096]


def _command(line: int, words: list[str]) -> Command | None:
    while words and (re.fullmatch(r"[A-Za-z_]\w*=.*", words[0], re.DOTALL) or words[0] in LAUNCHERS):
        words = words[1:]
    for at, word in enumerate(words[:12]):
        name = word.rpartition("/")[2]
        rest = words[at + 1 :]
        if name in PROGRAMS:
            program, verbs = PROGRAMS[name]
            if verbs and not (rest and rest[0] in verbs):
                continue
            flags, others = _options(rest[1:] if verbs else rest)
            if program == "openai" and "fine_tuning" not in " ".join(rest):
                return None
            return Command(program, line, flags, tuple(others))
        if word.endswith(".py"):
            flags, others = _options(rest)
            return Command("script", line, flags, tuple(others)) if flags.keys() & TRAINING else None
    return None


def _options(words: list[str]) -> tuple[dict[str, str | list[str] | bool], list[str]]:
    flags: dict[str, list[str]] = {}
    others: list[str] = []
    current = ""
    for word in words:
        if re.match(r"--?[A-Za-z]", word):
            name, equals, value = word.lstrip("-").partition("=")
            current = name.replace("-", "_")
            flags.setdefault(current, [])
            if equals:
                flags[current].append(value)
                current = ""
        elif current and not (flags[current] and re.match(r"[A-Za-z][\w.]*=", word)):
            flags[current].append(word)
        elif re.match(r"[A-Za-z][\w.]*=", word):  # torchtune: key=value
            name, _, value = word.partition("=")
            flags.setdefault(name, []).append(value)
        else:
            others.append(word)
    return {name: _value(values) for name, values in flags.items()}, others


def _value(values: list[str]) -> str | list[str] | bool:
    if not values:
        return True
    if len(values) == 1:
        return {"true": True, "false": False}.get(values[0].lower(), values[0])
    return values
