"""Where the names in a Python script get their values: assignments, loops, parameters and options, by scope. Runs nothing."""

import ast
from bisect import bisect_right
from dataclasses import dataclass, field, replace

EACH = -1
"""The step from a container to any of its items; a number from 0 is the step to the item that stands there."""
MOST = 50
"""Values that are looked at for one name."""
BRANCHES = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.Match, ast.ExceptHandler)
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Bound:
    """One value that a name may have.

    Attributes:
        value: the expression; None where it is not known.
        steps: the way from the expression to the value, if it is not the expression itself.
        at: line and column from which the name has it.
        certain: whether it replaces all values before it; not so in a branch or a loop.
    """

    value: ast.expr | None
    steps: tuple[int, ...] = ()
    at: tuple[int, int] = (0, 0)
    certain: bool = True


@dataclass
class Scope:
    """A module, class or function (`owner` is its name), and the values that names get in it."""

    owner: str = ""
    parent: "Scope | None" = None
    names: dict[str, list[Bound]] = field(default_factory=dict)

    def home(self, name: str) -> "Scope | None":
        """Return the nearest scope around that binds a name."""
        scope: Scope | None = self
        while scope and name not in scope.names:
            scope = scope.parent
        return scope


class Bindings:
    """What the names of a script may stand for. Names that an import changed get their own name back, in the tree itself.

    Attributes:
        calls: every call, in the order of the script.
        options: options and attributes by name → the values that the script gives them.
        returns: functions by name → what they return.
        functions: the names of all functions.
    """

    def __init__(self, tree: ast.Module) -> None:
        self.calls: list[ast.Call] = []
        self.options: dict[str, list[ast.expr]] = {}
        self.returns: dict[str, list[ast.expr]] = {}
        self._used: dict[int, Scope] = {}
        self._functions: list[tuple[Function, str, Scope]] = []
        self.functions: set[str] = set()
        _unalias(tree)
        self._walk(tree)
        self.calls.sort(key=lambda node: (node.lineno, node.col_offset))
        self._pass()
        for scope in {id(scope): scope for scope in self._used.values()}.values():
            for bounds in scope.names.values():
                bounds.sort(key=lambda bound: bound.at)

    def of(self, node: ast.Name) -> list[Bound]:
        """Return the values that a name may have where it stands; none where the script does not bind it."""
        used = self._used.get(id(node))
        home = used.home(node.id) if used else None
        if home is None:
            return []
        bounds = home.names[node.id]
        if home is not used:
            return bounds[:MOST]
        before = bisect_right(bounds, (node.lineno, node.col_offset), key=lambda bound: bound.at)
        bounds = bounds[:before] or bounds
        last = max((at for at, bound in enumerate(bounds) if bound.certain), default=0)
        return bounds[last:][:MOST]

    def _walk(self, tree: ast.Module) -> None:
        waiting: list[tuple[ast.AST, Scope, bool]] = [(tree, Scope(), True)]
        while waiting:
            node, scope, certain = waiting.pop()
            match node:
                case ast.Name():
                    self._used[id(node)] = scope
                case ast.Call():
                    self.calls.append(node)
                    self._option(node)
                case ast.Return(value=ast.expr() as value):
                    self.returns.setdefault(scope.owner, []).append(value)
                case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                    scope, certain = self._define(node, scope), True
                case _:
                    self._bind(node, scope, certain=certain)
            certain = certain and not isinstance(node, BRANCHES)
            waiting += [(child, scope, certain) for child in ast.iter_child_nodes(node)]

    def _bind(self, node: ast.AST, scope: Scope, *, certain: bool) -> None:
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._target(target, Bound(value, (), _end(node), certain), scope)
            case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.NamedExpr(target=target, value=value):
                self._target(target, Bound(value, (), _end(node), certain), scope)
            case ast.AugAssign(target=target, value=value):
                self._target(target, Bound(value, (), _end(node), certain=False), scope)
                self._target(target, Bound(None, (), _end(node), certain=False), scope)
            case ast.For(target=target, iter=source) | ast.AsyncFor(target=target, iter=source):
                self._target(target, Bound(source, (EACH,), _end(target), certain=False), scope)
            case ast.comprehension(target=target, iter=source):
                self._target(target, Bound(source, (EACH,), certain=False), scope)
            case ast.withitem(context_expr=source, optional_vars=ast.expr() as target):
                self._target(target, Bound(source, (), _end(target), certain), scope)

    def _target(self, target: ast.expr, bound: Bound, scope: Scope) -> None:
        match target:
            case ast.Name(id=name):
                scope.names.setdefault(name, []).append(bound)
                if scope.owner.startswith("class ") and bound.value:
                    self.options.setdefault(name, []).append(bound.value)
            case ast.Attribute(attr=name) if bound.value and (not bound.steps or bound.steps == (0,)):
                self.options.setdefault(name, []).append(bound.value)
            case ast.Tuple(elts=items) | ast.List(elts=items) if len(bound.steps) < 4:
                for place, item in enumerate(items):
                    self._target(item, replace(bound, steps=(*bound.steps, place)), scope)

    def _define(self, node: Function | ast.ClassDef, outer: Scope) -> Scope:
        if isinstance(node, ast.ClassDef):
            return Scope(f"class {node.name}", outer)
        inner = Scope(node.name, outer)
        name = outer.owner.removeprefix("class ") if node.name == "__init__" else node.name
        self._functions.append((node, name, inner))
        self.functions.add(name)
        return inner

    def _option(self, node: ast.Call) -> None:
        """The defaults of options, as argparse and click declare them."""
        if called(node).rpartition(".")[2] not in ("add_argument", "option"):
            return
        value = keyword(node, "default") or keyword(node, "choices")
        for item in node.args:
            if value and isinstance(item, ast.Constant) and isinstance(item.value, str):
                self.options.setdefault(item.value.lstrip("-").replace("-", "_"), []).append(value)

    def _pass(self) -> None:
        """Bind parameters to what the script passes for them, and to the default where it passes nothing."""
        passed: dict[str, list[ast.Call]] = {}
        for node in self.calls:
            name = called(node)
            if isinstance(node.func, ast.Name) or name.startswith(("self.", "cls.")):
                passed.setdefault(name.rpartition(".")[2], []).append(node)
        for function, name, scope in self._functions:
            self._parameters(function, scope, passed.get(name, [])[:MOST])

    def _parameters(self, function: Function, scope: Scope, passed: list[ast.Call]) -> None:
        given = [*function.args.posonlyargs, *function.args.args]
        defaults: list[ast.expr | None] = [None] * (len(given) - len(function.args.defaults))
        defaults += function.args.defaults
        own = 1 if given and given[0].arg in ("self", "cls") else 0
        pairs = [*zip(given, defaults, strict=True)][own:]
        keyed = [*zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)]
        for place, (parameter, default) in enumerate([*pairs, *keyed]):
            values = [_argument(node, place if place < len(pairs) else None, parameter.arg) for node in passed]
            known = [value or default for value in values] or [default]
            known = known if any(known) else [*self.options.get(parameter.arg, [])] or [None]
            scope.names.setdefault(parameter.arg, []).extend(Bound(value, certain=False) for value in known)


def _unalias(tree: ast.Module) -> None:
    """Give what was renamed on import its own name back, so that it is known by it."""
    nodes = [*ast.walk(tree)]
    imports = [node for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom))]
    names = {item.asname: item.name for node in imports for item in node.names if item.asname}
    for node in nodes:
        if isinstance(node, ast.Name) and node.id in names:
            node.id = names[node.id]


def _argument(node: ast.Call, place: int | None, name: str) -> ast.expr | None:
    if place is not None and place < len(node.args):
        return None if any(isinstance(item, ast.Starred) for item in node.args[: place + 1]) else node.args[place]
    return keyword(node, name)


def _end(node: ast.stmt | ast.expr) -> tuple[int, int]:
    return (node.end_lineno or node.lineno, node.end_col_offset or 0)


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
