"""A scale plan as a person asks for one: a config's path, and the rest found out.

Beside ``plan_scale``, which is told all of it, this reads the config, finds the folder that its
paths start from, and fetches the base model's config.json where it is not at hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.errors import InspectError
from inspect_tool.runs.config import Config
from inspect_tool.runs.debug_choice import fetch_base_config
from inspect_tool.runs.match import prepared_by
from inspect_tool.runs.tiny.source import find_config
from inspect_tool.scale.plan import ScaleOptions, ScalePlan, plan_scale

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from inspect_tool.axolotl_worker import AxolotlWorker


def plan_asked(
    path: Path,
    options: ScaleOptions,
    *,
    cwd: Path | None = None,
    worker: Callable[[], AxolotlWorker] | None = None,
    say: Callable[[str], None],
) -> ScalePlan:
    """Plan the config at ``path``; ``say`` is told why a base model's config cannot be fetched.

    ``worker`` None: nothing is asked that takes time. Raises InspectError for a config, a folder or
    options that cannot be meant.
    """
    config = Config.read(path.absolute())
    start = cwd.absolute() if cwd else prepared_by(config).cwd
    if not start.is_dir():
        raise InspectError("no such folder", place=start)
    name = str(config.values.get("base_model_config") or config.base_model)
    if worker is not None and not options.model and find_config(name, cwd=start) is None:
        fetch_base_config(config, say)
    return plan_scale(config, options, cwd=start, worker=worker)
