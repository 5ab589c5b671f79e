"""A digest of a model's weights, the same however they lie on the ranks.

Sharded weights are gathered, so every rank has to ask at the same time.
"""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from typing import Any

WRAPPERS = ("module.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module.", "_orig_mod.")
"""What engines put into the names of parameters."""


def digest_of(model: Any, *, trained: bool) -> str | None:
    """Return a digest over names, shapes and values; None where there is no such parameter.

    ``trained`` chooses the parameters with or without a gradient. Values are taken as float32:
    engines keep some in other precisions.
    """
    total = hashlib.sha256()
    found = False
    for name, parameter in model.named_parameters():
        if parameter.requires_grad is not trained:
            continue
        found = True
        plain = name
        for part in WRAPPERS:
            plain = plain.replace(part, "")
        with ExitStack() as stack:
            values = _whole(parameter, stack)
            total.update(f"{plain}{tuple(values.shape)}".encode())
            total.update(values.float().to("cpu").contiguous().numpy().tobytes())
    return total.hexdigest()[:16] if found else None


def _whole(parameter: Any, stack: ExitStack) -> Any:
    if hasattr(parameter, "ds_id"):
        from deepspeed.runtime.zero import GatheredParameters

        stack.enter_context(GatheredParameters([parameter]))
    values = parameter.detach()
    return values.full_tensor() if hasattr(values, "full_tensor") else values
