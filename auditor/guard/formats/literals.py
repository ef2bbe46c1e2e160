"""What expressions in a Python script come to, as its text tells: constants, defaults, joined paths. Runs nothing."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, product

from auditor.guard.formats.bindings import EACH, Bindings, Bound, called, keyword

MOST = 200
"""Texts of one expression."""
DEEPEST = 30
STEPS = 200_000
"""Expressions that are looked at in one script, so that towers of names come to an end."""
LONGEST = 4096
FILES = frozenset(
    ("open", "io.open", "gzip.open", "bz2.open", "lzma.open", "codecs.open", "jsonlines.open", "smart_open")
)
"""Functions that open the file that their first argument names; the `open` of anything else opens that itself."""
FIRST = frozenset(
    ("Path", "PurePath", "str", "field", "Field", "Option", "Argument", "list", "tuple", "sorted", "glob")
)
"""Calls that come to what their first argument is, for our purposes."""
SAME = frozenset((
    "resolve", "absolute", "expanduser", "as_posix", "strip", "map", "filter", "select", "shuffle", "eval", "to", "cuda",
    "half", "bfloat16", "requires_grad_", "train_test_split", "read_bytes", "merge_and_unload",
))  # fmt: skip
"""Methods that return their object, or what is made of it alone."""
WRAPPERS = frozenset(("get_peft_model", "prepare_model_for_kbit_training", "compile", "deepcopy", "prepare"))
"""Functions that pass on what their first argument is."""


@dataclass(frozen=True)
class Values:
    """The texts that an expression can come to; `open` if it can also be something that does not stand in the script."""

    texts: tuple[str, ...] = ()
    open: bool = False


OPEN = Values(open=True)


class Literals:
    """The expressions of a script, to be asked for their values. Of several that are possible, all count."""

    def __init__(self, bindings: Bindings) -> None:
        self._bindings = bindings
        self._left = STEPS

    def texts(self, node: ast.expr | None) -> Values:
        """Return the texts that an expression can come to: of a container or a choice, all of them."""
        return self._value(node, 0)

    def origins(self, node: ast.expr | None) -> list[ast.expr]:
        """Return the expressions behind names, choices, and calls that hand on what they are given."""
        return [*islice(self._origins(node, 0), MOST)]

    def _spent(self, depth: int) -> bool:
        self._left -= 1
        return depth > DEEPEST or self._left < 0

    def _value(self, node: ast.expr | None, depth: int) -> Values:
        if node is None or self._spent(depth):
            return OPEN
        match node:
            case ast.Constant(value=value):
                return Values((value[:LONGEST],) if isinstance(value, str) else ())
            case ast.Name():
                return self._union(self._bound(bound, depth + 1) for bound in self._bindings.of(node))
            case ast.Attribute(attr=name):
                return self._all(self._bindings.options.get(name, ()), depth)
            case ast.Subscript():
                return self._all(self._items(node, depth), depth)
            case ast.Call():
                return self._call(node, depth)
            case _:
                return self._composed(node, depth)

    def _composed(self, node: ast.expr, depth: int) -> Values:
        match node:
            case ast.JoinedStr(values=parts):
                return self._joined(parts, "", depth)
            case ast.BinOp(left=left, op=ast.Add(), right=right) if self._is_list(left, depth):
                return self._all([left, right], depth)
            case ast.BinOp(left=left, op=ast.Add() | ast.Div() as sign, right=right):
                return self._joined([left, right], "/" if isinstance(sign, ast.Div) else "", depth)
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items) | ast.Dict(values=items):
                return self._all(items, depth) if items else Values()
            case ast.IfExp(body=one, orelse=other):
                return self._all([one, other], depth)
            case ast.BoolOp(values=items):
                return self._all(items, depth)
            case (
                ast.FormattedValue(value=inner)
                | ast.NamedExpr(value=inner)
                | ast.Starred(value=inner)
                | ast.Await(value=inner)
                | ast.ListComp(elt=inner)
                | ast.GeneratorExp(elt=inner)
            ):
                return self._value(inner, depth + 1)
            case _:
                return OPEN

    def _union(self, values: Iterable[Values]) -> Values:
        texts: dict[str, None] = {}
        is_open, is_known = False, False
        for value in values:
            is_known, is_open = True, is_open or value.open
            texts |= dict.fromkeys(value.texts)
            self._left -= len(value.texts)
            if len(texts) > MOST:
                return Values(tuple(texts)[:MOST], open=True)
        return Values(tuple(texts), is_open or not is_known)

    def _all(self, items: Iterable[ast.expr], depth: int) -> Values:
        return self._union(self._value(item, depth + 1) for item in items)

    def _joined(self, parts: Iterable[ast.expr], between: str, depth: int) -> Values:
        """The parts put together in every way; a part that is not known leaves nothing that is known."""
        found: list[str] | None = None
        for part in parts:
            value = self._value(part, depth + 1)
            if value.open or not value.texts:
                return OPEN
            pairs = islice(product(found or (), value.texts), MOST)
            found = [*value.texts] if found is None else [between.join(pair)[:LONGEST] for pair in pairs]
            self._left -= len(found)
        return Values(tuple(found or ()))

    def _is_list(self, node: ast.expr, depth: int) -> bool:
        return any(isinstance(item, (ast.List, ast.ListComp)) for item in self._origins(node, depth + 1))

    def _bound(self, bound: Bound, depth: int) -> Values:
        if not bound.steps:
            return self._value(bound.value, depth)
        return self._all(self._stepped(bound.value, bound.steps, depth), depth)

    def _stepped(self, node: ast.expr | None, steps: tuple[int, ...], depth: int) -> Iterator[ast.expr]:
        """The expressions at the end of some steps into containers that stand in the script."""
        if node is None or self._spent(depth):
            return
        if not steps:
            yield node
            return
        step, rest = steps[0], steps[1:]
        for origin in self._origins(node, depth + 1):
            match origin:
                case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
                    for item in items[:MOST] if step == EACH else items[step : step + 1]:
                        yield from self._stepped(item, rest, depth + 1)
                case ast.Dict(keys=keys) if step == EACH:
                    for key in keys[:MOST]:
                        yield from self._stepped(key, rest, depth + 1)
                case ast.Call() if step == 0 and not rest:  # model, tokenizer = load(…)
                    yield origin

    def _items(self, node: ast.Subscript, depth: int) -> Iterator[ast.expr]:
        """What a subscript of a literal container can be: the item of a key that is known, else any."""
        key = node.slice.value if isinstance(node.slice, ast.Constant) else None
        for origin in self._origins(node.value, depth + 1):
            match origin:
                case ast.Dict(keys=keys, values=values):
                    pairs = [*zip(keys, values, strict=True)]
                    same = [value for name, value in pairs if isinstance(name, ast.Constant) and name.value == key]
                    yield from same or values
                case ast.List(elts=items) | ast.Tuple(elts=items):
                    yield from [items[key]] if isinstance(key, int) and -len(items) <= key < len(items) else items

    def _call(self, node: ast.Call, depth: int) -> Values:
        name = called(node)
        last = name.rpartition(".")[2]
        if name.endswith(("environ.get", "getenv")):
            return self._value(node.args[1] if len(node.args) > 1 else keyword(node, "default"), depth + 1)
        if name.endswith("path.join") or (last in ("Path", "PurePath") and len(node.args) > 1):
            return self._joined(node.args, "/", depth)
        if last == "joinpath" and isinstance(node.func, ast.Attribute):
            return self._joined([node.func.value, *node.args], "/", depth)
        if last == "open":
            return self._value(opened(node)[0], depth + 1)
        if name in FILES or last in FIRST:
            return self._value(node.args[0] if node.args else keyword(node, "default", "file"), depth + 1)
        behind = [*self._handed(node)]
        return self._all(behind, depth) if behind else OPEN

    def _origins(self, node: ast.expr | None, depth: int) -> Iterator[ast.expr]:
        if node is None or self._spent(depth):
            return
        behind = [*self._behind(node, depth)]
        if not behind:
            yield node
        for item in behind:
            yield from self._origins(item, depth + 1)

    def _behind(self, node: ast.expr, depth: int) -> Iterator[ast.expr]:
        """The expressions that an expression hands on; none if it is what it is."""
        match node:
            case ast.Name():
                for bound in self._bindings.of(node):
                    yield from self._stepped(bound.value, bound.steps, depth + 1)
            case ast.Attribute(attr=name):
                yield from self._bindings.options.get(name, ())
            case ast.IfExp(body=one, orelse=other):
                yield from (one, other)
            case ast.BoolOp(values=items):
                yield from items
            case ast.Await(value=inner) | ast.NamedExpr(value=inner) | ast.Starred(value=inner):
                yield inner
            case ast.Subscript():
                yield from self._items(node, depth + 1)
            case ast.Call():
                yield from self._handed(node)

    def _handed(self, node: ast.Call) -> Iterator[ast.expr]:
        """What a call returns, where that is a function of the script or known to hand on what it is given."""
        name = called(node)
        last = name.rpartition(".")[2]
        is_own = isinstance(node.func, ast.Name) or name.startswith(("self.", "cls."))
        if is_own and last in self._bindings.returns:
            yield from self._bindings.returns[last]
        elif last in SAME and isinstance(node.func, ast.Attribute):
            yield node.func.value
        elif last in WRAPPERS and node.args:
            yield node.args[0]


def opened(node: ast.Call) -> tuple[ast.expr | None, ast.expr | None]:
    """Return which file a call of some `open` opens, and in which mode."""
    arguments = list(node.args)
    if isinstance(node.func, ast.Attribute) and called(node) not in FILES - {"open"}:
        arguments.insert(0, node.func.value)  # Path("x").open("rb")
    file = arguments[0] if arguments else keyword(node, "file")
    return file, arguments[1] if len(arguments) > 1 else keyword(node, "mode")
