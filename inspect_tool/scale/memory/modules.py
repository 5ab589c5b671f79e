"""Where a model's layers are, and what its parameters are for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inspect_tool.scale.memory.shape import Kind


def plain_name(name: str) -> str:
    """Return a parameter's name with the numbers of layers and experts as ``*``."""
    return ".".join("*" if part.isdigit() else part for part in name.split("."))


def kind_of(name: str, parameter: Any, owner: Any, head: Any) -> Kind:
    """Tell what a parameter is by the module that owns it."""
    import torch

    if head is not None and any(parameter is item for item in head.parameters()):
        return "head" if not isinstance(owner, torch.nn.Embedding) else "embedding"
    if isinstance(owner, torch.nn.Embedding):
        return "embedding"
    if isinstance(owner, torch.nn.Linear) or "Conv1D" in type(owner).__name__:
        return "linear" if parameter.dim() == 2 else "other"
    if "norm" in name.lower():
        return "norm"
    return "experts" if parameter.dim() == 3 else "other"


def layers_of(model: Any) -> tuple[str, Any]:
    """Return the name and the list of the repeated layers: those that hold most parameters."""
    import torch

    def size(item: tuple[str, Any]) -> int:
        return sum(parameter.numel() for parameter in item[1].parameters())

    lists = [
        (name, module)
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.ModuleList) and ".experts" not in name
    ]
    return max(lists, key=size, default=("", ()))
