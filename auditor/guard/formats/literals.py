"""What names in a Python script stand for, as its text tells: constants, defaults of options, joined paths. Runs nothing."""

import ast
from collections.abc import Iterator

Values = list[str] | None
"""The texts that an expression can be; None where the script does not tell."""
MOST = 200
DEEPEST = 30


class Literals:
    """The constants of a script, to be asked for the value of an expression."""

    def __init__(self, tree: ast.Module) -> None:
        self._names: dict[str, ast.expr] = {}
        self._options: dict[str, ast.expr] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        self._names[target.id] = node.value
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
                self._names[node.target.id] = node.value
                self._options.setdefault(node.target.id, node.value)
            elif isinstance(node, ast.Call) and called(node).endswith("add_argument"):
                self._option(node)
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self._parameters(node)

    def _option(self, node: ast.Call) -> None:
        default = keyword(node, "default")
        for item in node.args:
            if default and isinstance(item, ast.Constant) and isinstance(item.value, str):
                self._options[item.value.lstrip("-").replace("-", "_")] = default

    def _parameters(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        names = [*node.args.posonlyargs, *node.args.args]
        for name, default in zip(reversed(names), reversed(node.args.defaults), strict=False):
            self._names.setdefault(name.arg, default)
        for name, value in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
            if value:
                self._names.setdefault(name.arg, value)

    def options(self) -> dict[str, ast.expr]:
        """The options of the script with a default."""
        return self._options

    def texts(self, node: ast.expr | None, depth: int = 0) -> Values:
        """Return the texts that an expression can be; None where that is not known."""
        if node is None or depth > DEEPEST:
            return None
        match node:
            case ast.Constant(value=value):
                return [value] if isinstance(value, str) else []
            case ast.Name(id=name):
                return self.texts(self._names.get(name), depth + 1)
            case ast.Attribute(attr=name):
                return self.texts(self._options.get(name), depth + 1)
            case ast.FormattedValue(value=inner):
                return self.texts(inner, depth + 1)
            case ast.Call():
                return self._call(node, depth)
            case _:
                return self._composed(node, depth)

    def _composed(self, node: ast.expr, depth: int) -> Values:
        match node:
            case ast.JoinedStr(values=parts):
                return self._joined(parts, "", depth)
            case ast.BinOp(left=left, op=ast.Add() | ast.Div() as sign, right=right):
                return self._joined([left, right], "/" if isinstance(sign, ast.Div) else "", depth)
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items) | ast.Dict(values=items):
                return self._all(items, depth)
            case ast.IfExp(body=one, orelse=other):
                return self._all([one, other], depth)
            case _:
                return None

    def _joined(self, parts: list[ast.expr], between: str, depth: int) -> Values:
        texts = []
        for part in parts:
            values = self.texts(part, depth + 1)
            if not values:
                return None
            texts.append(values[0])
        return [between.join(texts)]

    def _all(self, items: list[ast.expr], depth: int) -> Values:
        found: list[str] = []
        for item in items[:MOST]:
            values = self.texts(item, depth + 1)
            if values is None:
                return None
            found += values
        return found

    def _call(self, node: ast.Call, depth: int) -> Values:
        name = called(node)
        if name.endswith(("environ.get", "getenv")):
            return self.texts(node.args[1], depth + 1) if len(node.args) > 1 else None
        if name.endswith("path.join"):
            return self._joined(node.args, "/", depth)
        if name in ("Path", "pathlib.Path", "str", "open", "field", "dataclasses.field", "Field"):
            chosen = node.args[0] if node.args else keyword(node, "default")
            return self.texts(chosen, depth + 1)
        return None

    def bound(self, node: ast.expr | None) -> ast.expr | None:
        """Return what was assigned to a name; any other expression as it is."""
        return self._names.get(node.id, node) if isinstance(node, ast.Name) else node


def called(node: ast.Call) -> str:
    """Return the dotted name of what is called, such as `trl.SFTTrainer`; of a method of an expression the last part."""
    parts: list[str] = []
    part: ast.expr = node.func
    while isinstance(part, ast.Attribute):
        parts.append(part.attr)
        part = part.value
    if isinstance(part, ast.Name):
        parts.append(part.id)
    return ".".join(reversed(parts))


def keyword(node: ast.Call, *names: str) -> ast.expr | None:
    """Return the value of the first of some keyword arguments that a call has."""
    return next((item.value for name in names for item in node.keywords if item.arg == name), None)


def calls(tree: ast.Module) -> Iterator[ast.Call]:
    """Yield every call, in the order of its lines."""
    yield from sorted((node for node in ast.walk(tree) if isinstance(node, ast.Call)), key=lambda node: node.lineno)
