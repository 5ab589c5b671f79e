"""What each optimizer keeps for a parameter, and what a step takes on top of it.

Names are those of ``optimizer:``. Where the state follows the parameter's precision, that is said
by ``width`` None (torch's own optimizers, torch/optim/adamw.py: ``zeros_like``).
"""

from __future__ import annotations

from dataclasses import dataclass

BLOCK_8BIT = 1 + 4 / 256
"""Bytes of an 8-bit state: a byte, and a float32 scale for 256 of them (bitsandbytes)."""
BLOCK_4BIT = 0.5 + 4 / 128
DEFAULT = "adamw_torch_fused"


@dataclass(frozen=True)
class Optimizer:
    """``slots`` states a parameter of ``width`` bytes each; None: as wide as the parameter.

    ``step``: copies of the trained parameters that a step makes. ``paged``: the state may be moved
    to the host. ``factored``: one row and one column instead of a matrix. ``wide_embeddings``:
    embeddings keep float32 states (transformers' trainer asks bitsandbytes for it).
    """

    name: str
    slots: float = 2
    width: float | None = None
    step: int = 0
    paged: bool = False
    factored: bool = False
    wide_embeddings: bool = False
    known: bool = True

    def state(self, elements: int, *, width: int, shape: tuple[int, ...], embedding: bool) -> float:
        """Return the bytes of the state of ``elements`` parameters that are ``width`` bytes each.

        ``shape`` is that of each tensor that they make up.
        """
        if self.factored and len(shape) >= 2:
            each = 1
            for size in shape:
                each *= size
            sides = each / shape[-1] + each / shape[-2]
            return elements / each * sides * 4 + elements * width * self.slots
        if self.factored:
            return elements * (4 + width * self.slots)
        wide = 4 if self.wide_embeddings and embedding else self.width
        return elements * self.slots * (width if wide is None else wide)


def _bnb(name: str, slots: int) -> list[Optimizer]:
    eight = {"slots": slots, "width": BLOCK_8BIT, "wide_embeddings": True}
    full = {"slots": slots, "width": 4.0}
    return [
        Optimizer(f"{name}_8bit", **eight),  # type: ignore[arg-type]
        Optimizer(f"{name}_32bit", **full),  # type: ignore[arg-type]
        Optimizer(f"paged_{name}_8bit", paged=True, **eight),  # type: ignore[arg-type]
        Optimizer(f"paged_{name}_32bit", paged=True, **full),  # type: ignore[arg-type]
    ]


_KNOWN = (
    Optimizer("adamw_torch", step=1),
    Optimizer("adamw_torch_fused"),
    Optimizer("adamw_torch_8bit", width=BLOCK_8BIT),
    Optimizer("adamw_torch_4bit", width=BLOCK_4BIT),
    Optimizer("ao_adamw_8bit", width=BLOCK_8BIT),
    Optimizer("ao_adamw_4bit", width=BLOCK_4BIT),
    Optimizer("ao_adamw_fp8", width=BLOCK_8BIT),
    *_bnb("adamw", 2),
    *_bnb("lion", 1),
    *_bnb("ademamix", 3),
    Optimizer("adamw_bnb_8bit", width=BLOCK_8BIT, wide_embeddings=True),
    Optimizer("ademamix", slots=3, width=4.0),
    Optimizer("rmsprop", slots=1, step=1),
    Optimizer("rmsprop_bnb", slots=1, width=4.0),
    Optimizer("rmsprop_bnb_8bit", slots=1, width=BLOCK_8BIT, wide_embeddings=True),
    Optimizer("rmsprop_bnb_32bit", slots=1, width=4.0),
    Optimizer("lion_pytorch", slots=1),
    Optimizer("adafactor", slots=0, factored=True),
    Optimizer("came_pytorch", slots=1, factored=True),
    Optimizer("sgd", slots=0, step=1),
    Optimizer("adagrad", slots=1, step=1),
    Optimizer("lomo", slots=0),
    Optimizer("adalomo", slots=0, factored=True),
    Optimizer("optimi_adamw", slots=3),
    Optimizer("adopt_adamw", step=1),
    Optimizer("adamc", step=1),
    Optimizer("stable_adamw", step=1),
    Optimizer("schedule_free_adamw", step=1),
    Optimizer("schedule_free_radam", step=1),
    Optimizer("schedule_free_sgd", slots=1, step=1),
    Optimizer("grokadamw", slots=3, step=1),
)
OPTIMIZERS = {item.name: item for item in _KNOWN}


def optimizer_of(name: str) -> Optimizer:
    """Return what ``name`` keeps; one that is not known counts as AdamW and says so."""
    return OPTIMIZERS.get(name) or Optimizer(name, step=1, known=False)
