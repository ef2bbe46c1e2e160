"""Commands that start training, as shell scripts, makefiles and Dockerfiles write them: program, options and place."""

import json
import re
import shlex
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from auditor.guard.kinds import MEASURING
from auditor.registry.datasets import datasets

MOST = 20
"""Values of one variable, or of one word."""
LONGEST = 4096
"""Characters of one word; nothing that is longer is a name."""
TOKEN = re.compile(
    r"""(?P<space>\s+)
    | (?P<redirection>(?:\d|&)?(?:>>|>\||>&|>|<<<|<<-?|<&|<)\s*)
    | (?P<end>[;&|]+)
    | (?P<word>(?:[^\s"'\\;&|<>]+|"(?:[^"\\]|\\.)*"|'[^']*'|\\.)+)
    | (?P<other>.)""",
    re.DOTALL | re.VERBOSE,
)
"""The parts of a command line; each begins with other characters, so that no line takes more than one look."""
ASSIGNED = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)(?::?-([^}]*))?\}|\$([A-Za-z_]\w*)|\$\(([A-Za-z_]\w*)\)")
PREFIX = re.compile(r"^(?:RUN|CMD|ENTRYPOINT|[-@+]+)\s*")
SETTERS = frozenset(("export", "local", "readonly", "declare", "ENV", "ARG", "then", "else", "do", "{"))
"""Words that may stand before an assignment."""
OPENS, CLOSES = frozenset(("if", "for", "while", "until", "case", "{")), frozenset(("fi", "done", "esac", "}"))
TRAINING = frozenset((
    "model", "model_name", "model_name_or_path", "base_model", "dataset", "dataset_name", "teacher_model",
    "teacher_model_name_or_path", "train_file", "data_path", "model_id_or_path",
))  # fmt: skip
"""Options of which one shows that a script is about training."""
SETTINGS = frozenset((
    "learning_rate", "lr", "epochs", "num_epochs", "num_train_epochs", "per_device_train_batch_size", "output_dir", "lora_r",
    "lora_rank", "warmup_ratio", "gradient_accumulation_steps", "train_file", "teacher_model", "teacher_model_name_or_path",
))  # fmt: skip
"""Options that a script has which trains, whatever it is called."""
TRAINS = re.compile(r"(?i)train|sft|dpo|grpo|rlhf|ppo|tun(?:e|ing)|distil|lora")
LAUNCHERS = frozenset((
    "python", "python3", "torchrun", "accelerate", "deepspeed", "uv", "run", "launch", "poetry", "pdm", "nohup", "time",
    "sudo", "env", "srun", "exec", "-m", "xargs",
))  # fmt: skip
TRL = ("sft", "dpo", "gkd", "grpo", "kto", "orpo", "reward", "rloo", "gold")
PROGRAMS: dict[str, tuple[str, tuple[str, ...]]] = {
    "swift": ("ms-swift", ("sft", "pt", "rlhf", "dpo")),
    "megatron": ("ms-swift", ("sft", "pt", "rlhf")),
    "axolotl": ("axolotl", ("train", "preprocess")),
    "axolotl.cli.train": ("axolotl", ()),
    "llamafactory-cli": ("llama-factory", ("train", "export")),
    "trl": ("trl", TRL),
    "tune": ("torchtune", ("run",)),
    "autotrain": ("autotrain", ()),
    "unsloth-cli.py": ("unsloth", ()),
    "openai": ("openai", ("api",)),
    **{f"trl.scripts.{name}": ("trl", ()) for name in TRL},
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
    known: dict[str, list[str]] = {}
    found: list[Command] = []
    depth = 0
    for number, line in _logical(text):
        for part in _parts(_shell(line)):
            depth = max(0, depth + (part[0] in OPENS) - (part[0] in CLOSES))
            words = [value for word in part for value in _filled(word, known)]
            if not _assigns(words, known, is_certain=not depth):
                nested = [
                    inner for word in words if " " in word for inner in _parts(word)
                ]  # of sh -c, ssh, sbatch --wrap
                found += [command for each in (words, *nested) if (command := _command(number, each))]
    return tuple(found)


def _shell(line: str) -> str:
    """A line as a shell reads it: without what a Dockerfile puts before it, and out of its list of words."""
    command = PREFIX.sub("", line.strip())
    if command.startswith("["):
        with suppress(ValueError, TypeError, RecursionError):
            return shlex.join(json.loads(command))
    return command


def _logical(text: str) -> Iterator[tuple[int, str]]:
    """The lines with those that a backslash continues joined to one, by the number of the first."""
    waiting: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not waiting and line.lstrip().startswith("#"):
            continue
        waiting.append(line)
        if line.rstrip().endswith("\\"):
            waiting[-1] = line.rstrip()[:-1]
            continue
        yield number - len(waiting) + 1, " ".join(waiting)
        waiting = []
    if waiting:
        yield len(text.splitlines()) - len(waiting) + 1, " ".join(waiting)


def _parts(line: str) -> list[list[str]]:
    """The commands of a line as their words, without redirections and comments."""
    parts: list[list[str]] = [[]]
    is_target = False
    for token in TOKEN.finditer(line):
        word = token["word"]
        if word and word.startswith("#"):
            break
        if word and not is_target:
            parts[-1].append(_unquoted(word))
        elif token["end"]:
            parts.append([])
        is_target = token["redirection"] is not None
    return [part for part in parts if part]


def _unquoted(word: str) -> str:
    with suppress(ValueError):  # no shell would take it either
        word = "".join(shlex.split(word[:LONGEST]))
    return word if "(" in word else word.rstrip(")")


def _filled(word: str, known: dict[str, list[str]]) -> list[str]:
    """A word with the script's own variables replaced, one for each value; others are left, and so count as not known."""
    found = [word]
    for variable in islice(VARIABLE.finditer(word), MOST):
        name = variable[1] or variable[3] or variable[4]
        values = known.get(name) or [variable[2] or f"${{{name}}}"]
        found = [text.replace(variable[0], value)[:LONGEST] for text in found for value in values][:MOST]
    return found


def _assigns(words: list[str], known: dict[str, list[str]], *, is_certain: bool) -> bool:
    """Note what a command assigns, if that is all it does; in a branch it adds to what the variable was before."""
    while words and words[0] in SETTERS:
        words = words[1:]
    if words[:1] == ["for"] and words[2:3] == ["in"]:
        known[words[1]] = words[3 : 3 + MOST]
        return True
    if len(words) == 3 and words[1] in ("=", ":=", "?="):  # makefiles
        words = [f"{words[0]}={words[2]}"]
    pairs = [ASSIGNED.fullmatch(word) for word in words]
    if not all(pairs):
        return False
    for pair in pairs:
        if pair:
            before = [] if is_certain else known.get(pair[1], [])
            known[pair[1]] = list(dict.fromkeys([*before, pair[2]]))[:MOST]
    return True


def _command(line: int, words: list[str]) -> Command | None:
    while words and (ASSIGNED.fullmatch(words[0]) or words[0] in LAUNCHERS):
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
            if MEASURING.search(word):
                return None
            trains = flags.keys() & TRAINING and (TRAINS.search(word) or flags.keys() & SETTINGS)
            return Command("script", line, flags, tuple(others)) if trains or _names_data(flags) else None
    return None


def _names_data(flags: dict[str, str | list[str] | bool]) -> bool:
    """Whether an option names a dataset that is known to be restricted."""
    texts = (text for value in flags.values() for text in (value if isinstance(value, list) else [value]))
    entries = (datasets().find(text) for text in texts if isinstance(text, str) and "/" in text)
    return any(entry and entry.restricted for entry in entries)


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
