"""Inside a run: modules are given their stops as they are imported.

Lives in the debugged process only. Source files stay as they are, and so do the line numbers; a
module that cannot be given stops is imported as ever.
"""

from __future__ import annotations

import ast
import json
import os
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from typing import TYPE_CHECKING, Any

from inspect_tool.runs.stops.places import ENVIRONMENT_KEY, rules_for
from inspect_tool.runs.stops.source import with_stops

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import CodeType, ModuleType

_met: set[str] = set()
"""Named stops that were reached; each stops once."""


def install(environment: Mapping[str, str] = os.environ) -> None:
    """Make imports put in the stops that the run was started with."""
    wanted = json.loads(environment.get(ENVIRONMENT_KEY) or "{}")
    lines: dict[str, set[int]] = {}
    for file, line in wanted.get("breaks", ()):
        lines.setdefault(os.path.realpath(file), set()).add(int(line))
    sys.meta_path.insert(0, _Finder(tuple(wanted.get("names", ())), lines))


def due(stop: str, value: Any = None) -> bool:
    """Tell whether to stop now: with a debugger attached, once for a name, each time for a line.

    ``value`` is a loss: then only one that is not finite counts.
    """
    debugpy = sys.modules.get("debugpy")
    if debugpy is None or not debugpy.is_client_connected():
        return False
    if value is not None and _is_finite(value):
        return False
    if stop in _met:
        return False
    if not stop.startswith("line "):
        _met.add(stop)
    return True


def _is_finite(value: Any) -> bool:
    torch = sys.modules["torch"]
    return bool(torch.isfinite(value.detach()).all())


class _Finder(MetaPathFinder):
    """Finds modules as the other finders do, and loads those with stops itself."""

    def __init__(self, names: tuple[str, ...], lines: Mapping[str, set[int]]) -> None:
        self.names = names
        self.lines = lines

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a module that is to have stops, None for every other."""
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                return self._with_stops(spec)
        return None

    def _with_stops(self, spec: ModuleSpec) -> ModuleSpec:
        if type(spec.loader) is SourceFileLoader and spec.origin:
            rules = rules_for(spec.origin, self.names)
            lines = self.lines.get(os.path.realpath(spec.origin), set())
            if rules or lines:
                spec.loader = _Loader(spec.name, spec.origin, rules=rules, lines=lines)
        return spec


class _Loader(SourceFileLoader):
    """Compiles a module with its stops; no bytecode of it is kept."""

    def __init__(self, fullname: str, path: str, *, rules: Any, lines: set[int]) -> None:
        super().__init__(fullname, path)
        self.rules = rules
        self.lines = lines

    def get_code(self, fullname: str) -> CodeType | None:
        """Return the module's code, with stops where there are any."""
        path = self.get_filename(fullname)
        tree = ast.parse(self.get_data(path), path)
        if not with_stops(tree, self.rules, self.lines):
            return super().get_code(fullname)
        code: CodeType = compile(tree, path, "exec", dont_inherit=True)
        return code
