"""Recorders: an object's own methods, wrapped for a while to note their arguments and results."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Self

_MISSING: Any = object()


@dataclass(frozen=True, slots=True)
class Call:
    """One outermost call: the method's name, its arguments by name, what it returned."""

    name: str
    arguments: Mapping[str, Any]
    result: Any


class Recorder:
    """Notes the outermost calls of some methods of some objects while it is entered.

    ``methods`` pairs objects with names of their methods; names that an object lacks are left
    out. Token lists in results are copied, because callers extend them in place.
    """

    def __init__(self, *methods: tuple[object, str]) -> None:
        self.calls: list[Call] = []
        self._methods = [(owner, name) for owner, name in methods if hasattr(owner, name)]
        self._before: list[tuple[object, str, Any]] = []
        self._depth = 0

    def __enter__(self) -> Self:
        for owner, name in self._methods:
            self._before.append((owner, name, vars(owner).get(name, _MISSING)))
            setattr(owner, name, self._wrapped(name, getattr(owner, name)))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for owner, name, before in reversed(self._before):
            if before is _MISSING:
                delattr(owner, name)
            else:
                setattr(owner, name, before)
        self._before.clear()

    def named(self, name: str) -> list[Call]:
        """Return the calls of one method, in order."""
        return [call for call in self.calls if call.name == name]

    def _wrapped(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        signature = _signature(method)

        def recorded(*args: Any, **kwargs: Any) -> Any:
            self._depth += 1
            try:
                result = method(*args, **kwargs)
            finally:
                self._depth -= 1
            if not self._depth:
                arguments = signature.bind(*args, **kwargs)
                arguments.apply_defaults()
                self.calls.append(Call(name, arguments.arguments, _copied(result)))
            return result

        return recorded


def _signature(method: Callable[..., Any]) -> inspect.Signature:
    """Return a method's signature without ``self``, worked out once for each class."""
    function = getattr(method, "__func__", None)
    return inspect.signature(method) if function is None else _signature_of(function)


@cache
def _signature_of(function: Callable[..., Any]) -> inspect.Signature:
    signature = inspect.signature(function)
    return signature.replace(parameters=list(signature.parameters.values())[1:])


def _copied(result: Any) -> Any:
    if isinstance(result, list):
        return list(result)
    if hasattr(result, "keys") and "input_ids" in result:
        return {"input_ids": list(result["input_ids"])}
    return result
