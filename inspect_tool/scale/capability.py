"""CUDA's compute capability of well-known GPUs, by name: what decides about bf16 and fp8."""

from __future__ import annotations

import re

DEFAULT = "sm_90"
"""What is taken for a GPU of no known name: nothing is refused for it."""

CAPABILITIES = {
    "p100": "sm_60",
    "v100": "sm_70",
    "t4": "sm_75",
    "2080": "sm_75",
    "a100": "sm_80",
    "a30": "sm_80",
    "a10g": "sm_86",
    "a10": "sm_86",
    "a40": "sm_86",
    "a6000": "sm_86",
    "3090": "sm_86",
    "4090": "sm_89",
    "6000-ada": "sm_89",
    "l40s": "sm_89",
    "l40": "sm_89",
    "l4": "sm_89",
    "gh200": "sm_90",
    "h100": "sm_90",
    "h200": "sm_90",
    "b200": "sm_100",
    "5090": "sm_120",
    "rtx-pro-6000": "sm_120",
}


def capability_of(name: str | None) -> str:
    """Return the capability of a GPU by the name that people or its driver give it."""
    plain = re.sub(r"[^a-z0-9]+", "-", (name or "").lower())
    words = f"-{plain}-"
    return next((value for known, value in CAPABILITIES.items() if f"-{known}-" in words), DEFAULT)
