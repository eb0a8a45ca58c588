"""Which expressions of a method are reached whatever the configuration: only those can prove a mistake.

A branch is reached for certain when its condition asks what messages bring, which can be
anything sooner or later. A condition on anything else (a setting, a constant, what some
function answers) may have the same answer for ever; what depends on it is left out.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from iop_production.method_source import MethodSource
from iop_production.static_values import Origin, origin_of

_EXITS = (ast.Return, ast.Raise, ast.Continue, ast.Break)
# Functions of Python that fail for some input.
_FAILING = frozenset({"int", "float", "complex", "open", "next", "iter", "bytes", "ord", "chr"})
_NEW_SCOPES = (ast.Lambda, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True, slots=True)
class Reached:
    """An expression that is reached.

    Attributes:
        node: The expression.
        is_guarded: Whether it stands where errors are expected, in a ``try`` or in a ``with``.
    """

    node: ast.expr
    is_guarded: bool


def reached_in(method: MethodSource, *, is_entry: bool, fails: Callable[[ast.Call], bool]) -> list[Reached]:
    """Return the expressions of a method that are reached for certain once the method is called.

    Args:
        method: The method.
        is_entry: Whether it is called with input, so that its parameters can be anything.
        fails: Whether a call may fail each time, so that what follows is never reached.
    """
    path = _CertainPath(method, is_entry=is_entry, fails=fails)
    path.block(method.node.body)
    return path.found


def may_always_fail(method: MethodSource, fails: Callable[[ast.Call], bool], *, is_entry: bool) -> bool:
    """Return whether a method may raise an error each time it is called; arguments as for ``reached_in``."""
    path = _CertainPath(method, is_entry=is_entry, fails=fails)
    path.block(method.node.body)
    return path.may_fail


class _CertainPath:
    def __init__(self, method: MethodSource, *, is_entry: bool, fails: Callable[[ast.Call], bool]) -> None:
        self.found: list[Reached] = []
        self.may_fail = False
        self._method = method
        self._is_entry = is_entry
        self._fails = fails
        self._guards = 0
        self._branches = 0
        # Set where the method may have ended for a reason that is not known.
        self._in_doubt = False
        # Conditions on data whose result is known in this place, because an outer or earlier one asked the same.
        self._facts: dict[str, bool] = {}

    def block(self, statements: Sequence[ast.stmt]) -> bool:
        """Go through statements; return whether what follows them is reached."""
        return all(not self._in_doubt and self._statement(statement) for statement in statements)

    def _statement(self, node: ast.stmt) -> bool:
        if isinstance(node, ast.If):
            return self._if(node)
        if isinstance(node, (ast.For, ast.AsyncFor, ast.While)):
            return self._loop(node)
        if isinstance(node, (ast.With, ast.AsyncWith)):
            for item in node.items:
                self._expression(item.context_expr)
            return self._guarded(node.body)
        if isinstance(node, ast.Try) or type(node).__name__ == "TryStar":
            return self._try(node)  # type: ignore[arg-type]  # TryStar of Python 3.11 has the same fields
        if isinstance(node, ast.Match):
            return self._match(node)
        if isinstance(node, _NEW_SCOPES):
            return True
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self._expression(child)
        if isinstance(node, ast.Raise) and not self._branches:
            self.may_fail = True
        return not isinstance(node, _EXITS)

    def _if(self, node: ast.If) -> bool:
        self._expression(node.test)
        answer = self._answer(node.test)
        if answer is not None:
            return self.block(node.body if answer else node.orelse)
        if not self._is_data(node.test):
            self._skip([*node.body, *node.orelse])
            return True
        goes_on = self._branch(node.body, node.test, answer=True)
        else_goes_on = self._branch(node.orelse, node.test, answer=False)
        if goes_on is not else_goes_on:
            self._learn(node.test, answer=goes_on)
        return goes_on or else_goes_on

    def _branch(self, statements: Sequence[ast.stmt], test: ast.expr | None = None, *, answer: bool = True) -> bool:
        """Go through statements that run after a condition had that answer; return whether they come to their end."""
        outside = dict(self._facts)
        if test is not None:
            self._learn(test, answer=answer)
        self._branches += 1
        goes_on = self.block(statements)
        self._branches -= 1
        self._facts = outside
        return goes_on

    def _answer(self, test: ast.expr) -> bool | None:
        """Return what a condition gives in this place; None when it can give both."""
        if isinstance(test, ast.Constant):
            return bool(test.value)
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            answer = self._answer(test.operand)
            return None if answer is None else not answer
        if isinstance(test, ast.BoolOp):
            decisive = isinstance(test.op, ast.Or)
            answers = [self._answer(value) for value in test.values]
            if decisive in answers:
                return decisive
            return None if None in answers else not decisive
        return self._facts.get(ast.dump(test))

    def _learn(self, test: ast.expr, *, answer: bool) -> None:
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            self._learn(test.operand, answer=not answer)
        elif isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) is answer:
            for value in test.values:
                self._learn(value, answer=answer)
        self._facts[ast.dump(test)] = answer

    def _loop(self, node: ast.For | ast.AsyncFor | ast.While) -> bool:
        if isinstance(node, ast.While):
            self._expression(node.test)
            answer = self._answer(node.test)
            is_endless = isinstance(node.test, ast.Constant) and answer is True
            is_entered = self._is_data(node.test) if answer is None else answer
        else:
            self._expression(node.iter)
            is_endless = False
            is_entered = self._is_data(node)
        if not is_entered:
            self._skip([*node.body, *node.orelse])
            return True
        self._branch(node.body, node.test if isinstance(node, ast.While) else None)
        return not is_endless and self.block(node.orelse)

    def _try(self, node: ast.Try) -> bool:
        goes_on = self._guarded(node.body) if node.handlers else self.block(node.body)
        for handler in node.handlers:
            if self._fails_by_data(node.body):
                self._branch(handler.body)
            else:
                self._skip(handler.body)
        goes_on = goes_on and self.block(node.orelse)
        return self.block(node.finalbody) and goes_on

    def _match(self, node: ast.Match) -> bool:
        self._expression(node.subject)
        by_class = any(isinstance(each, ast.MatchClass) for case in node.cases for each in ast.walk(case.pattern))
        guards = [case.guard for case in node.cases if case.guard is not None]
        if by_class or not self._is_data(node.subject) or not all(map(self._is_data, guards)):
            self._skip([statement for case in node.cases for statement in case.body])
            return True
        ends = [not self._branch(case.body) for case in node.cases]
        return not all(ends)

    def _guarded(self, statements: Sequence[ast.stmt]) -> bool:
        self._guards += 1
        goes_on = self.block(statements)
        self._guards -= 1
        return goes_on

    def _skip(self, statements: Iterable[ast.stmt]) -> None:
        """Pass over what may never run; what follows is in doubt when the method may end there."""
        nodes = [each for statement in statements for each in ast.walk(statement)]
        if any(isinstance(each, _EXITS) for each in nodes):
            self._in_doubt = True
        if any(isinstance(each, ast.Raise) for each in nodes):
            self.may_fail = True

    def _fails_by_data(self, body: Sequence[ast.stmt]) -> bool:
        """Return whether a block fails for what messages bring, and not for how things are set up."""
        nodes = [node for statement in body for node in ast.walk(statement)]
        if any(isinstance(node, (ast.Import, ast.ImportFrom)) for node in nodes):
            return False
        calls = [node for node in nodes if isinstance(node, ast.Call)]
        sends = any(isinstance(call.func, ast.Attribute) and call.func.attr.startswith("send_") for call in calls)
        return not sends and any(self._is_data(call) and not self._seems_safe(call) for call in calls)

    def _seems_safe(self, call: ast.Call) -> bool:
        """Return whether it is not sure that a call fails for some input: one of the class itself, or of Python."""
        called = call.func
        if isinstance(called, ast.Name):
            return hasattr(builtins, called.id) and called.id not in _FAILING
        receiver = called.value if isinstance(called, ast.Attribute) else None
        return isinstance(receiver, ast.Name) and receiver.id == self._method.self_name

    def _is_data(self, node: ast.AST) -> bool:
        return origin_of(node, self._method, is_entry=self._is_entry) is Origin.DATA

    def _expression(self, node: ast.expr) -> None:
        if isinstance(node, _NEW_SCOPES) or self._in_doubt:
            return
        if isinstance(node, ast.BoolOp):
            self._operands(node)
        elif isinstance(node, ast.IfExp):
            self._conditional(node)
        elif isinstance(node, _COMPREHENSIONS):
            self._comprehension(node)
        else:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.keyword):
                    self._expression(child.value)
                elif isinstance(child, ast.expr):
                    self._expression(child)
        if self._in_doubt:
            return
        self.found.append(Reached(node, self._guards > 0))
        if isinstance(node, ast.Call) and self._fails(node):
            self._in_doubt = self.may_fail = True

    def _operands(self, node: ast.BoolOp) -> None:
        outside = dict(self._facts)
        goes_on_with = isinstance(node.op, ast.And)
        for value in node.values:
            self._expression(value)
            answer = self._answer(value)
            if (answer is not goes_on_with) if answer is not None else not self._is_data(value):
                break
            self._learn(value, answer=goes_on_with)
        self._facts = outside

    def _conditional(self, node: ast.IfExp) -> None:
        self._expression(node.test)
        known = self._answer(node.test)
        outside = dict(self._facts)
        for branch, answer in ((node.body, True), (node.orelse, False)):
            if known is answer or (known is None and self._is_data(node.test)):
                self._learn(node.test, answer=answer)
                self._expression(branch)
                self._facts = dict(outside)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        for generator in node.generators:
            self._expression(generator.iter)
            is_run = self._is_data(generator) and all(map(self._is_data, generator.ifs))
            if not is_run or isinstance(node, ast.GeneratorExp):  # nobody may ask a generator for its elements
                return
        elements = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
        for element in filter(None, elements):
            self._expression(element)
