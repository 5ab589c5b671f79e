"""The ledgers of a target: one for its training rows, one for its test rows if it has any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inspect_tool.errors import InspectError
from inspect_tool.prompts.training import TrainingRows
from inspect_tool.runs.bases import config_bases
from inspect_tool.runs.confirm import confirm
from inspect_tool.runs.folders import FolderState, prepared_folder
from inspect_tool.runs.ledger import Ledger, ledger, to_json
from inspect_tool.runs.match import prepared_roots

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from inspect_tool.axolotl_worker import AxolotlWorker
    from inspect_tool.prompts.explained import RawPlace
    from inspect_tool.runs.config import Config
    from inspect_tool.runs.target import Target


@dataclass(frozen=True)
class KeptLedger:
    """A ledger with the rows that it was made from, to look up where each stands."""

    ledger: Ledger
    rows: TrainingRows

    def place(self, source: int, row: int) -> RawPlace:
        """Return the file and line of a raw row."""
        return self.rows.place(source, row)

    def to_json(self) -> dict[str, Any]:
        """Return the documented form (docs/schemas/ledger.json)."""
        return to_json(self.ledger, lambda source, row: self.place(source, row).line)


def ledgers(
    target: Target,
    worker: AxolotlWorker,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[KeptLedger]:
    """Yield the ledger of each split; raises InspectError without a config to go by.

    The prepared folders are those that bear axolotl's own hash; where none does, the likeliest
    one is held against the config, and the ledger shows what differs.
    """
    if target.config is None:
        raise InspectError(
            "no config is known for it", place=target.path, fix="name an axolotl YAML"
        )
    confirmed = confirm(target, worker)
    config, cwd = confirmed.config or target.config, confirmed.cwd
    identity = confirmed.identity
    for split, entries in (("train", config.datasets), ("test", config.test_datasets)):
        if not entries:
            continue
        name = identity.train_hash if identity and split == "train" else None
        name = identity.test_hash if identity and split == "test" else name
        folder = _folder(config, cwd, name) if name else None
        if folder is None and split == "train" and target.dataset is not None:
            folder = target.dataset.path
        rows = TrainingRows(worker, config.path, cwd, split=split)
        yield KeptLedger(ledger(rows, folder, progress=progress), rows)


def _folder(config: Config, cwd: Path, name: str) -> Path | None:
    """Return the complete folder of that name among those that the config prepares in."""
    for base in (cwd, *config_bases(config.path)):
        for root in prepared_roots(config, cwd=base):
            try:
                found = prepared_folder(root / name)
            except OSError:
                continue
            if found is not None and found.state is FolderState.COMPLETE:
                return found.path
    return None
