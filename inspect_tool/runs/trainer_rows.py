"""The rows of which TRL's trainers make tokens themselves, with the prepared rows they came from.

A preference is stored as text. What the recorder writes of a trainer's own rows when the run starts
(``recording.text_rows``) is read here, so that a batch's tokens can be looked up.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Numbers = NDArray[np.integer[Any]]

SEQUENCES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "input_ids": {
        "chosen": ("prompt_ids", "chosen_ids"),
        "rejected": ("prompt_ids", "rejected_ids"),
        "completion": ("prompt_ids", "completion_ids"),
    },
    "KL_input_ids": {"prompt, with another row's completion": ("prompt_ids", "KL_completion_ids")},
    "chosen_input_ids": {"chosen": ("chosen_input_ids",)},
    "rejected_input_ids": {"rejected": ("rejected_input_ids",)},
    "prompt_input_ids": {"prompt": ("prompt_input_ids",)},
    "prompt_ids": {"prompt": ("prompt_ids",)},
}
"""What a batch's tensor holds, and the columns of the trainer's dataset that it is joined of."""
COLUMNS = tuple(dict.fromkeys(c for of in SEQUENCES.values() for cs in of.values() for c in cs))


def file_name(phase: str) -> str:
    """Return the name of the file below ``batches/`` with the rows of a phase."""
    return f"rows-{phase}.npz"


@dataclass(frozen=True, eq=False)
class TrainerRows:
    """A trainer's rows: ``columns`` as values and offsets int, ``rows`` int[n] the prepared ones.

    ``folder`` is the prepared dataset; below the run's folder, or absolute.
    """

    folder: str
    rows: Numbers
    columns: Mapping[str, tuple[Numbers, Numbers]] = field(repr=False)

    def write(self, file: Path) -> None:
        """Write them; raises OSError."""
        arrays = {"folder": np.array(self.folder), "rows": self.rows}
        for name, (values, offsets) in self.columns.items():
            arrays |= {f"{name}.values": values, f"{name}.offsets": offsets}
        file.parent.mkdir(exist_ok=True)
        draft = file.with_name(f".{file.name}.draft")
        with draft.open("wb") as opened:
            np.savez(opened, **arrays)  # type: ignore[arg-type]  # names are free
        draft.replace(file)

    def find(self, sequence: str, ids: Numbers, *, whole: bool) -> list[tuple[int, str]]:
        """Return the prepared rows whose tokens are ``ids``, or have them at one end, and go on.

        With each comes what those tokens are of it: "chosen", "prompt". TRL cuts at either end.
        """
        wanted = np.asarray(ids, dtype=np.int32).tobytes()
        found = []
        for name in SEQUENCES.get(sequence, {}):
            for row, tokens in zip(self.rows.tolist(), self._joined[sequence, name], strict=False):
                cut = tokens.startswith(wanted) or tokens.endswith(wanted)
                if (tokens == wanted) if whole else cut and tokens != wanted:
                    found.append((row, name))
        return found

    @cached_property
    def _joined(self) -> dict[tuple[str, str], list[bytes]]:
        """Every row's tokens as int32 bytes; no rows where the trainer has no such columns."""
        return {
            (sequence, name): self._join(columns)
            for sequence, named in SEQUENCES.items()
            for name, columns in named.items()
        }

    def _join(self, columns: tuple[str, ...]) -> list[bytes]:
        if not all(name in self.columns for name in columns):
            return []
        parts = [self.columns[name] for name in columns]
        return [
            b"".join(
                values[offsets[row] : offsets[row + 1]].astype(np.int32).tobytes()
                for values, offsets in parts
            )
            for row in range(len(self.rows))
        ]


def read_trainer_rows(file: Path) -> TrainerRows | None:
    """Read what a run wrote; None where it wrote nothing that can be read."""
    try:
        return _read(file, file.stat().st_mtime_ns)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


@lru_cache(maxsize=4)
def _read(file: Path, _modified: int) -> TrainerRows:
    with np.load(file, allow_pickle=False) as stored:
        names = {name.removesuffix(".values") for name in stored.files if name.endswith(".values")}
        columns = {n: (stored[f"{n}.values"], stored[f"{n}.offsets"]) for n in names}
        return TrainerRows(str(stored["folder"]), stored["rows"], columns)
