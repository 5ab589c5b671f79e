"""The real run of a config on many processes: the person's own config, only watched.

Two plugins are added, which record and change nothing; everything else is as written, the output
folder too. The copy of the config that is run lies in the run's folder.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from inspect_tool.errors import InspectError
from inspect_tool.runs.debug import RECORDER, REMOVED_ENVIRONMENT
from inspect_tool.runs.journal import CONFIG
from inspect_tool.runs.launch import Launch
from inspect_tool.runs.overrides.draft import Draft
from inspect_tool.scale.accelerate_config import PORT
from inspect_tool.scale.commands import ADDRESS, MODULE, Site, accelerate
from inspect_tool.scale.ranks.pace import PLUGIN
from inspect_tool.scale.ranks.run import WRAPPER, FleetRun, launcher_options
from inspect_tool.scale.strategy import apply

if TYPE_CHECKING:
    from pathlib import Path

    from inspect_tool.runs.config import Config
    from inspect_tool.scale.fleet import Fleet


@dataclass(frozen=True)
class Meeting:
    """Where the machines of a fleet meet, and which of them this one is (from 0)."""

    node: int = 0
    address: str = ""
    port: int = PORT

    @classmethod
    def of(cls, *, node: int, address: str | None, port: int | None) -> Meeting:
        """Return what options say; accelerate's own port where none is given."""
        return cls(node=node, address=address or "", port=port or PORT)


def real_fleet(
    config: Config, fleet: Fleet, *, cwd: Path, folder: Path, meeting: Meeting | None = None
) -> FleetRun:
    """Return this machine's part of the run of ``config``, which keeps a record in ``folder``.

    Pure. Raises InspectError where this machine has no place in the fleet.
    """
    at = meeting or Meeting()
    if not 0 <= at.node < fleet.nodes:
        raise InspectError(f"--node {at.node}: machines are 0 to {fleet.nodes - 1}")
    if fleet.nodes > 1 and not at.address:
        raise InspectError(
            f"{fleet.nodes} machines have nowhere to meet",
            fix="--address names the first machine, as the others reach it",
        )
    draft = Draft(dict(config.values), given={})
    apply(draft, fleet.strategy, cwd=cwd)
    plugins = [*(draft.get("plugins") or ()), RECORDER, PLUGIN]
    draft.set("plugins", plugins, "the run is recorded")
    site = Site(cwd=cwd, folder=folder, address=at.address or ADDRESS, port=at.port)
    command = accelerate(
        folder / CONFIG,
        fleet,
        site,
        node=at.node,
        program=("-m", WRAPPER, MODULE),
        options=launcher_options(folder),
    )
    left_over = {
        name: None
        for name in os.environ
        if name in REMOVED_ENVIRONMENT or name.startswith(("ACCELERATE_", "FSDP_"))
    }
    plain = json.loads(json.dumps(dict(draft.values), default=str))
    return FleetRun(
        folder=folder,
        launch=Launch(argv=command.launch.argv, cwd=cwd, env=left_over),
        config_yaml=yaml.safe_dump(plain, sort_keys=False, allow_unicode=True),
        processes=fleet.per_node,
        files=command.files,
    )


def refuse_without_gpus(fleet: Fleet, gpus: int) -> None:
    """Raise InspectError where this machine has fewer GPUs than its part of the fleet.

    accelerate would start all the same: N copies that never talk to each other, or none at all.
    """
    if gpus < fleet.per_node:
        has = f"{gpus} GPU{'' if gpus == 1 else 's'}" if gpus else "no GPU"
        raise InspectError(
            f"this machine has {has}, and its part of the run is {fleet.per_node} processes",
            fix="--rehearse and --debug-ranks run a tiny model on CPUs; --launch needs the GPUs",
        )
