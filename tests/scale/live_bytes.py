"""Counts the bytes that live in each phase of real training steps, in fake tensors.

A child process: `python -m tests.scale.live_bytes CONFIG_JSON VALUES_JSON...` prints a line of JSON
for each YAML's values: bytes at most in forward, backward and step. Nothing of the estimate enters:
every storage that any operation makes is counted while something refers to it, over two optimizer
steps of the whole model with torch's own AdamW.
"""

from __future__ import annotations

import json
import sys
import weakref
from typing import Any

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from inspect_tool.scale.fleet import Fleet
from inspect_tool.scale.memory.estimate import settled
from inspect_tool.scale.memory.probe import build
from inspect_tool.scale.memory.running import FLASH, prepare, register_flash


class Live(TorchDispatchMode):  # type: ignore[misc]
    """Every storage alive, in bytes; ``most`` is the highest since it was last asked for."""

    def __init__(self) -> None:
        super().__init__()
        self._sizes: dict[int, int] = {}
        self._now = self._most = 0

    def add(self, tensor: Any) -> None:
        """Count a tensor's storage until nothing refers to it."""
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key not in self._sizes:
            self._sizes[key] = storage.nbytes()
            self._now += storage.nbytes()
            self._most = max(self._most, self._now)
            weakref.finalize(storage, self._drop, key)

    def most(self) -> int:
        """Return the most bytes since the last call."""
        most, self._most = self._most, self._now
        return most

    def _drop(self, key: int) -> None:
        self._now -= self._sizes.pop(key)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(out):
            if isinstance(leaf, torch.Tensor):
                self.add(leaf)
        return out


def counted(config: dict[str, Any], values: dict[str, Any]) -> dict[str, int]:
    """Train two steps as ``values`` say and return the bytes at most of each phase."""
    training = settled(values, Fleet(1))[0]
    variant = training.variant
    model = build(config, half=variant.half)
    register_flash()
    model.config._attn_implementation = FLASH if variant.attention == "flash" else variant.attention
    prepare(model, variant)
    phases: dict[str, int] = {}
    with FakeTensorMode(allow_non_fake_inputs=True):
        model.to_empty(device="cpu")
        model.train()
        if training.checkpointing:
            model.gradient_checkpointing_enable({"use_reentrant": False})
        live = Live()
        for tensor in (*model.parameters(), *model.buffers()):
            live.add(tensor)
        trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        fused = not training.optimizer.step
        optimizer = torch.optim.AdamW(trained, foreach=not fused, fused=fused)
        ids = torch.zeros(training.rows, training.length, dtype=torch.long)
        with live:
            for _ in range(2):
                for _ in range(training.accumulation):
                    live.most()
                    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=variant.half):
                        loss = model(input_ids=ids, labels=ids, use_cache=False).loss
                    phases["forward"] = live.most()
                    loss.backward()
                    phases["backward"] = live.most()
                del loss
                optimizer.step()
                phases["step"] = live.most()
                optimizer.zero_grad()
    return phases


def main() -> None:
    """Print a line for each YAML's values."""
    config = json.loads(sys.argv[1])
    for text in sys.argv[2:]:
        print(json.dumps(counted(config, json.loads(text))), flush=True)


if __name__ == "__main__":
    main()
