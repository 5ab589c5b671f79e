"""Sample packing: whole packs are dealt to processes, the rest is dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tool.findings import Finding
from inspect_tool.scale.batch import micro_batches
from inspect_tool.scale.preflight.case import NOT_PREPARED, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.scale.preflight.case import Case

CODES: Final = ("P-PACK-SMALL",)

NOT_COUNTED: Final = "axolotl's sampler was not asked how many packs there are"


def look(case: Case) -> Iterator[Finding | Unknown]:
    """With fewer packs than processes no step is made, and the run ends well all the same."""
    if not case.recipe.packed or not case.data.stored:
        return
    rows = case.data.rows
    if rows is None or rows.bins is None:
        yield Unknown("P-PACK-SMALL", NOT_PREPARED)
        return
    batches, shape = micro_batches(case.recipe, rows) or 0, case.schedule.shape
    if not rows.bins_exact:
        if rows.rows >= shape.world:
            if batches < shape.world * shape.accumulation:
                yield Unknown("P-PACK-SMALL", NOT_COUNTED)
            return
        batches = rows.rows
    if batches < shape.world:
        yield Finding(
            code="P-PACK-SMALL",
            severity="error",
            message=f"the data fills {batches} packed batches for {shape.world} processes: none "
            "gets one, the run trains 0 steps, ends with status 0 and saves an untrained model",
            key="sample_packing",
            fix="sample_packing: false, a smaller micro_batch_size or sequence_len, or fewer "
            "processes",
        )
    elif batches < shape.world * shape.accumulation:
        yield Finding(
            code="P-PACK-SMALL",
            severity="warning",
            message=f"the data fills {batches} packed batches, and one step takes "
            f"{shape.world * shape.accumulation} ({shape.accumulation} x {shape.world} processes)",
            key="gradient_accumulation_steps",
            fix=f"at most {max(batches // shape.world, 1)}",
        )
