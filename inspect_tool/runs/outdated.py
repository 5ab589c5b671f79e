"""What to write instead of the keys of a config that axolotl has removed, in one line."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from inspect_tool.axolotl_tasks import AxolotlRefusedError
from inspect_tool.errors import InspectError
from inspect_tool.runs.config import Config
from inspect_tool.runs.overrides.draft import Draft
from inspect_tool.runs.translate import translate


def way_out(config: Config) -> str | None:
    """Return the keys to write and to leave out as YAML; None where no old key is known."""
    draft = Draft(config.values, given={})
    translate(draft)
    written = [
        f"{change.key}: {json.dumps(change.new, ensure_ascii=False)}"
        for change in draft.overrides
        if change.new is not None
    ]
    left_out = [change.key for change in draft.overrides if change.new is None]
    said = [f"write {', '.join(written)}"] if written else []
    said += [f"leave out {', '.join(left_out)}"] if left_out else []
    return "; ".join(said) or None


def with_way_out(error: InspectError) -> InspectError:
    """Let an error by which axolotl refuses an old config say what to write instead."""
    if isinstance(error, AxolotlRefusedError) and error.place and not error.fix:
        with suppress(InspectError):
            error.fix = way_out(Config.read(Path(error.place)))
    return error
