"""The table that `accelerate estimate-memory` prints, by accelerate's own code, without the Hub.

Runs in the axolotl worker. The command itself always asks the Hub; what it does with the answer
(commands/estimate.py) needs a config.json alone.
"""

from __future__ import annotations

import copy
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from inspect_tool.errors import InspectError

if TYPE_CHECKING:
    from collections.abc import Mapping

DTYPES = {"float32": 1, "float16": 2, "int8": 4, "int4": 8}
"""What the model's float32 bytes are divided by (commands/estimate.py, gather_data)."""


@dataclass(frozen=True)
class PlainRow:
    """Bytes in one precision; None where accelerate says that it cannot be trained in it."""

    dtype: str
    largest_layer: int
    total: int
    model: int | None
    gradients: int | None
    backward: int | None
    step: int | None

    @property
    def highest(self) -> int | None:
        """The most of the four, which is what accelerate prints as training with Adam."""
        sizes = [size for size in (self.model, self.gradients, self.backward, self.step) if size]
        return max(sizes, default=None)


@dataclass(frozen=True)
class PlainTable:
    """The rows, of ``architecture``: the class that AutoModel takes, which has no head."""

    architecture: str
    parameters: int
    rows: tuple[PlainRow, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the documented machine-readable form (docs/schemas/memory.json)."""
        rows = [{**asdict(row), "highest": row.highest} for row in self.rows]
        return {"architecture": self.architecture, "parameters": self.parameters, "rows": rows}

    @classmethod
    def from_json(cls, read: Mapping[str, Any]) -> PlainTable:
        """Read what ``to_json`` wrote; raises KeyError or TypeError for anything else."""
        rows = [dict(row) for row in read["rows"]]
        for row in rows:
            row.pop("highest")
        return cls(
            str(read["architecture"]),
            int(read["parameters"]),
            tuple(PlainRow(**row) for row in rows),
        )


def plain_table(config: Mapping[str, Any]) -> PlainTable:
    """Return accelerate's figures for the model that ``config`` (a config.json) describes."""
    import torch
    from accelerate import init_empty_weights
    from accelerate.commands.estimate import estimate_training_usage
    from accelerate.utils import calculate_maximum_sizes
    from transformers import CONFIG_MAPPING, AutoModel

    values = copy.deepcopy(dict(config))
    kind = str(values.pop("model_type", ""))
    values.pop("quantization_config", None)
    read = CONFIG_MAPPING[kind].from_dict(values) if kind in CONFIG_MAPPING else None
    if type(read) not in AutoModel._model_mapping:  # noqa: SLF001
        raise InspectError(f"transformers knows no model_type {kind!r}")
    with torch.device("meta"), init_empty_weights():
        model = AutoModel.from_config(read, dtype=torch.float32)
    total, largest = calculate_maximum_sizes(model)
    rows = []
    for dtype, divisor in DTYPES.items():
        said = estimate_training_usage(total, dtype)
        used = {name: size if size >= 0 else None for name, size in said.items()}
        rows.append(
            PlainRow(
                dtype,
                largest[0] // divisor,
                total // divisor,
                model=used["model"],
                gradients=used["gradients"],
                backward=used["optimizer"],
                step=used["step"],
            )
        )
    parameters = sum(parameter.numel() for parameter in model.parameters())
    return PlainTable(type(model).__name__, parameters, tuple(rows))
