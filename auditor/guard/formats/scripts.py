"""Python scripts that train a model or write a dataset, read as a syntax tree and never run."""

import ast
import re
import warnings
from dataclasses import replace

from auditor.guard.formats.bindings import Bindings, called, keyword
from auditor.guard.formats.keyed import BUILDERS
from auditor.guard.formats.literals import Literals, opened
from auditor.guard.found import UNREADABLE, Dataset, Found, Named, Place, Training, Unread
from auditor.registry.tables import registry

FORMAT = "Python script"
HINTS = (
    "load_dataset", "from_pretrained", "fine_tuning", "load_from_disk", "model_customization_job", "SentenceTransformer",
    "completions.create", "messages.create", "responses.create", "distilabel", "litellm", "Trainer(", "sft_main", "run_exp",
)  # fmt: skip
"""A script without any of these has nothing to do with training."""
NO_MODEL = re.compile(r"Tokenizer|Processor|Config|FeatureExtractor|Pipeline|Scheduler")
MODEL = re.compile(r"^(?:.*\.)?(?:Auto\w*Model\w*|Fast\w*Model|\w+For[A-Z]\w+|\w*Model\w*)\.from_pretrained$")
TRAINER = re.compile(r"(?:^|\.)\w*Trainer$")
LOOPS = frozenset(("backward", "sft_main", "rlhf_main", "pretrain_main", "run_exp", "run_sft"))
"""Calls that train without a trainer."""
SETTINGS = re.compile(r"(?:^|\.)(?:\w*TrainingArguments|\w+Config)$")
TESTS = re.compile(r"^(?:test|validation|valid|eval|dev)\b")
TEACHERS = (
    "teacher_model",
    "teacher_model_name_or_path",
    "reward_model",
    "reward_model_path",
    "reward_funcs",
    "judge",
    "judges",
)
READERS = (
    "from_json", "from_csv", "from_parquet", "read_json", "read_csv", "read_parquet", "load_from_disk", "read_ndjson",
)  # fmt: skip
WRITERS = ("to_json", "to_jsonl", "to_parquet", "to_csv", "write_jsonl", "save_to_disk")
CHATS = (
    "completions.create", "responses.create", "messages.create", "messages.stream", "completions.parse", "litellm.completion",
    "completion", "acompletion", "OpenAILLM", "AnthropicLLM", "AzureOpenAILLM", "InferenceEndpointsLLM", "vLLM", "MistralLLM",
    "TransformersLLM", "LiteLLM", "generate_content",
)  # fmt: skip
CLIENTS = ("OpenAI", "AsyncOpenAI", "openai.OpenAI", "openai.AsyncOpenAI")
OPTIONS = {
    "base": ("model_name_or_path", "base_model", "model_name", "model_id", "pretrained_model_name_or_path"),
    "datasets": ("dataset_name", "dataset", "dataset_path", "train_file", "dataset_id", "data_path"),
    "teachers": ("teacher_model_name_or_path", "teacher_model", "reward_model_path"),
    "outputs": ("output_dir", "hub_model_id"),
}


def read_script(path: str, text: str) -> Found | None:
    """Return what a script trains or writes, None where it does neither.

    Args:
        path: its path, for the places.
        text: its source; it is parsed, and never run.
    """
    if not any(hint in text for hint in HINTS):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
        return _Script(path, tree).found()
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = error.lineno if isinstance(error, SyntaxError) else None
        return Found(
            UNREADABLE, unread=(Unread(Place(path, line), f"not Python that can be read ({type(error).__name__})"),)
        )


class _Script:
    """A script while it is read."""

    def __init__(self, path: str, tree: ast.Module) -> None:
        self.path = path
        self.bindings = Bindings(tree)
        self.literals = Literals(self.bindings)
        self.named: dict[str, list[Named]] = {}
        self.unread: list[Unread] = []
        self.trains = False
        self.private = False
        self.service: Named | None = None
        self.published: Named | None = None
        self.teachers: set[int] = set()
        self.students: set[int] = set()
        self.trained: set[int] = set()
        self.measured: set[int] = set()
        self.open_bases: list[Unread] = []
        for node in self.bindings.calls:
            if TRAINER.search(called(node)):
                self._trainer(node)
            self.trains = self.trains or called(node).rpartition(".")[2] in LOOPS
        for node in self.bindings.calls:
            self._call(node, called(node))

    def found(self) -> Found | None:
        """What the script says, once all of it was read."""
        if self.trains:
            self._options()
        parts = {kind: tuple({n.name: n for n in reversed(names)}.values())[::-1] for kind, names in self.named.items()}
        teachers = parts.get("teachers", ())
        known = {named.name for named in teachers}
        base = parts.get("base", ())
        self.unread += [] if base else self.open_bases
        trainings: tuple[Training, ...] = ()
        if self.trains or self.service:
            trainings = (
                Training(
                    base=tuple(n for n in base if n.name not in known) or base,
                    teachers=teachers,
                    datasets=parts.get("datasets", ()),
                    tests=parts.get("tests", ()),
                    outputs=parts.get("outputs", ()),
                    service=self.service,
                    published=None if self.private else self.published,
                ),
            )
        writers, written = parts.get("writers", ()), parts.get("written", ())
        providers = _providers(parts.get("addresses", ()))
        datasets = tuple(
            Dataset((name,), generators=writers, providers=providers, sources=parts.get("datasets", ()))
            for name in written
            if writers
        )
        if not (trainings or datasets):
            return None
        return Found(FORMAT, trainings, datasets, tuple(self.unread) if trainings else ())

    def _say(self, kind: str, node: ast.Call, value: ast.expr | None, shown: str, what: str = "") -> None:
        """Note the texts of an argument; where they are not known and `what` says what it is, note that."""
        if value is None or (isinstance(value, ast.Constant) and value.value is None):
            return
        place = Place(self.path, node.lineno, shown)
        values = self.literals.texts(value)
        if values.open and what:
            self.unread.append(_open(place, value, what))
        self.named.setdefault(kind, []).extend(Named(text, place) for text in values.texts if text)

    def _trainer(self, node: ast.Call) -> None:
        self.trains = True
        name = called(node).rpartition(".")[2]
        for key in TEACHERS:
            self._teacher(node, keyword(node, key), f"{name}({key}=…)")
        self.teachers |= {id(made) for made in self.literals.origins(keyword(node, "ref_model"))}
        model = keyword(node, "model") or (node.args[0] if node.args else None)
        for made in self.literals.origins(model):
            self.students.add(id(made))
            if isinstance(made, ast.Constant):
                self._say("base", node, made, f"{name}(model=…)")
            elif not (isinstance(made, ast.Call) and _loads_model(called(made))):
                place = Place(self.path, node.lineno, f"{name}(model=…)")
                self.open_bases.append(_open(place, model or made, "the base model"))
        for key, kind in (("train_dataset", "datasets"), ("eval_dataset", "tests")):
            for made in self.literals.origins(keyword(node, key)):
                (self.trained if kind == "datasets" else self.measured).add(id(made))
                if isinstance(made, ast.Constant):
                    self._say(kind, node, made, f"{name}({key}=…)")

    def _teacher(self, node: ast.Call, value: ast.expr | None, shown: str) -> None:
        """Note the teachers that an argument holds: names of models, and models that the script loads."""
        if value is None or (isinstance(value, ast.Constant) and value.value is None):
            return
        found = self._unpacked(value)
        for made in found:
            if isinstance(made, ast.Call) and _loads_model(called(made)):
                self.teachers.add(id(made))
                self._say("teachers", made, self._first(made), shown, "the teacher")
            elif isinstance(made, ast.Constant):
                self._say("teachers", node, made, shown)
        own = self.bindings.functions  # those that score are no models
        known = [made for made in found if isinstance(made, ast.Constant) or id(made) in self.teachers]
        known += [made for made in found if isinstance(made, ast.Name) and made.id in own]
        if len(known) < len(found) or not found:
            self.unread.append(_open(Place(self.path, node.lineno, shown), value, "the teacher"))

    def _unpacked(self, value: ast.expr) -> list[ast.expr]:
        """What an argument holds, with lists taken apart."""
        found: list[ast.expr] = []
        for made in self.literals.origins(value):
            items = made.elts if isinstance(made, (ast.List, ast.Tuple)) else None
            found += [part for item in items for part in self.literals.origins(item)] if items is not None else [made]
        return found

    def _first(self, node: ast.Call) -> ast.expr | None:
        named = keyword(node, "model_name", "pretrained_model_name_or_path", "model_name_or_path", "path", "repo_id")
        return node.args[0] if node.args else named

    def _call(self, node: ast.Call, name: str) -> None:
        last = name.rpartition(".")[2]
        if last == "load_dataset":
            self._load(node)
        elif last in READERS:
            self._say("datasets", node, self._first(node) or keyword(node, "path_or_paths"), f"{last}(…)")
        elif _loads_model(name):
            if id(node) not in self.teachers - self.students:
                self._say("base", node, self._first(node), f"{name}(…)", "the base model")
        elif SETTINGS.search(name):
            self._settings(node, last)
        elif name.endswith("fine_tuning.jobs.create"):
            self._tuned(node, "openai", ("model", "training_file", "validation_file", "suffix"))
            self._say("datasets", node, keyword(node, "training_files"), f"{name}(training_files=…)", "a dataset")
            makers = {registry().model(text).maker for text in self.literals.texts(keyword(node, "model")).texts}
            if makers and not makers & {"openai", None}:
                self.service, self.trains = None, True  # others' clients have the same methods
        elif last == "create_model_customization_job":
            self._tuned(
                node,
                "aws.bedrock",
                ("baseModelIdentifier", "trainingDataConfig", "validationDataConfig", "customModelName"),
            )
        else:
            self._other(node, name, last)

    def _other(self, node: ast.Call, name: str, last: str) -> None:
        if name.endswith("files.create"):
            self._say("datasets", node, keyword(node, "file"), "files.create(file=…)")
        elif last == "push_to_hub":
            self.private = self.private or _is_true(keyword(node, "private"))
            self.published = self.published or Named("push_to_hub", Place(self.path, node.lineno, "push_to_hub(…)"))
            target = node.args[0] if node.args else keyword(node, "repo_id")
            self._say("outputs", node, target, "push_to_hub(…)")
            self._say("written", node, target, "push_to_hub(…)")
        elif last.startswith("save_pretrained"):
            self._say("outputs", node, node.args[0] if node.args else None, f"{last}(…)")
        elif last in WRITERS:
            self._say("written", node, node.args[0] if node.args else None, f"{last}(…)")
        elif last == "open" and _writes(node):
            self._say("written", node, opened(node)[0], "open(…)")
        elif last in ("write_text", "write_bytes") and isinstance(node.func, ast.Attribute):
            self._say("written", node, node.func.value, f"{last}(…)")
        elif name.endswith(CHATS):
            self._say("writers", node, keyword(node, "model", "model_id", "model_name"), f"{name}(model=…)")
        elif name in CLIENTS:
            self._say("addresses", node, keyword(node, "base_url"), f"{name}(base_url=…)")

    def _load(self, node: ast.Call) -> None:
        first = node.args[0] if node.args else keyword(node, "path")
        files = keyword(node, "data_files", "data_dir")
        splits = self.literals.texts(keyword(node, "split")).texts
        parts = [part for split in splits for part in split.split("+")]
        is_test = bool(parts) and all(TESTS.match(part.strip()) for part in parts)
        kind = "tests" if is_test or id(node) in self.measured - self.trained else "datasets"
        named = self.literals.texts(first).texts
        if named and named[0].lower() in BUILDERS:
            self._say(kind, node, files, "load_dataset(data_files=…)", "a dataset")
        else:
            self._say(kind, node, first, "load_dataset(…)", "a dataset")

    def _settings(self, node: ast.Call, last: str) -> None:
        self.trains = self.trains or last.endswith("TrainingArguments")
        for key in TEACHERS:
            self._teacher(node, keyword(node, key), f"{last}({key}=…)")
        for key in ("output_dir", "hub_model_id"):
            self._say("outputs", node, keyword(node, key), f"{last}({key}=…)")
        if _is_true(keyword(node, "push_to_hub")):
            self.published = self.published or Named("true", Place(self.path, node.lineno, f"{last}(push_to_hub=True)"))
        self.private = self.private or _is_true(keyword(node, "hub_private_repo"))

    def _tuned(self, node: ast.Call, provider: str, keys: tuple[str, str, str, str]) -> None:
        name = called(node)
        self.service = Named(provider, Place(self.path, node.lineno, f"{name}(…)"))
        for kind, key in zip(("base", "datasets", "tests", "outputs"), keys, strict=True):
            self._say(kind, node, keyword(node, key), f"{name}({key}=…)", "a dataset" if kind == "datasets" else "")

    def _options(self) -> None:
        """The defaults of a training script's options count where nothing in the script says more."""
        for kind, names in OPTIONS.items():
            for name in names:
                values = self.bindings.options.get(name, []) if not self.named.get(kind) else []
                for value in values:
                    place = Place(self.path, value.lineno, f"--{name}")
                    found = self.literals.texts(value).texts
                    self.named.setdefault(kind, []).extend(Named(text, place) for text in found if text)


def _providers(addresses: tuple[Named, ...]) -> tuple[Named, ...]:
    """The providers behind the addresses that are called; one that is not known may be anybody's."""
    hosts = [(named, registry().host(named.name)) for named in addresses]
    return tuple(replace(named, name=(host.provider if host else None) or "other") for named, host in hosts)


def _is_true(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Constant) and value.value is True


def _writes(node: ast.Call) -> bool:
    mode = opened(node)[1]
    return isinstance(mode, ast.Constant) and isinstance(mode.value, str) and any(c in mode.value for c in "wax")


def _loads_model(name: str) -> bool:
    return bool(MODEL.match(name) and not NO_MODEL.search(name)) or name.endswith("SentenceTransformer")


def _open(place: Place, value: ast.expr, what: str) -> Unread:
    return Unread(place, f"{what} is the value of `{ast.unparse(value)[:80]}`, which does not stand in this file")
