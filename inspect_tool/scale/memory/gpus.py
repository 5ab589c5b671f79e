"""GPUs by name, and whether an estimate fits one.

Sizes are those that nvidia-smi (rocm-smi) reports for the card, MiB: some less than on its box.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from inspect_tool.errors import InspectError

MIB = 1 << 20
HEADROOM = 0.2
"""The share of a card that must be left before an estimate is said to fit: estimates were up to
18 % below what was measured (docs/memory.md)."""

Fit = Literal["fits", "tight", "does not fit"]

KNOWN = {
    "t4": 15360,
    "v100-16gb": 16384,
    "v100-32gb": 32768,
    "p100": 16384,
    "l4": 23034,
    "a10": 23028,
    "a10g": 23028,
    "a30": 24576,
    "rtx-3090": 24576,
    "rtx-4090": 24564,
    "rtx-5090": 32607,
    "a100-40gb": 40960,
    "a6000": 49140,
    "rtx-6000-ada": 49140,
    "l40": 46068,
    "l40s": 46068,
    "a100-80gb": 81920,
    "h100-80gb": 81559,
    "h100-nvl": 95830,
    "gh200": 97871,
    "rtx-pro-6000": 97887,
    "h200": 143771,
    "b200": 183359,
    "mi250x": 65520,
    "mi300x": 196592,
    "mi325x": 262128,
}
ALIASES = {"a100": "a100-80gb", "h100": "h100-80gb", "v100": "v100-16gb", "3090": "rtx-3090"}
ALIASES |= {"4090": "rtx-4090", "5090": "rtx-5090", "h200-141gb": "h200"}


@dataclass(frozen=True)
class Card:
    """One kind of GPU; ``size`` in bytes."""

    name: str
    size: int

    @property
    def text(self) -> str:
        """Its name and size, once where the name is the size."""
        sized = self.name.endswith(" GiB")
        return self.name if sized else f"{self.name} ({self.size / (1 << 30):.1f} GiB)"


def card_of(name: str) -> Card:
    """Return a GPU by name (``h100-80gb``) or by size (``24gb``, ``24GiB``).

    Raises InspectError, with the names that are known.
    """
    plain = re.sub(r"[\s_]+", "-", name.strip().lower()).removeprefix("nvidia-")
    plain = ALIASES.get(plain, plain)
    if plain in KNOWN:
        return Card(plain, KNOWN[plain] * MIB)
    size = re.fullmatch(r"(\d+(?:\.\d+)?)-?gi?b", plain)
    if size and float(size[1]) > 0:
        return Card(f"{size[1]} GiB", round(float(size[1]) * (1 << 30)))
    raise InspectError(
        f"--gpu {name}: not a known GPU", fix=f"a size such as 24gb, or {', '.join(KNOWN)}"
    )


def cards_here() -> tuple[Card, ...]:
    """Return this machine's GPUs as their driver reports them."""
    from inspect_tool.runs.doctor.machine import gpus

    return tuple(Card(gpu.name, gpu.memory * MIB) for gpu in gpus())


def fit(total: int, card: Card) -> Fit:
    """Say whether an estimate of ``total`` bytes fits: with head-room, barely, or not."""
    if total <= (1 - HEADROOM) * card.size:
        return "fits"
    return "tight" if total <= card.size else "does not fit"
