"""One forward pass of the real class in fake tensors: what autograd keeps, layer by layer.

Fake tensors have shapes and storages but no memory (torch's FakeTensorMode); every operation is the
one that training runs, autocast included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inspect_tool.scale.memory.adapters import adapt
from inspect_tool.scale.memory.modules import layers_of
from inspect_tool.scale.memory.shape import Curve, Kept

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from inspect_tool.scale.memory.shape import Shape, Tensors, Variant

LENGTHS = (64, 128, 256)
"""Sequence lengths that are run; three say how much is constant, linear and quadratic."""

FLASH = "inspect_tool_fused"
"""The name under which attention that keeps what flash attention keeps is registered."""


def run(model: Any, variant: Variant, shape: Shape, adapters: tuple[Tensors, ...]) -> Kept:
    """Run one layer of each kind in fake tensors and fit what is kept over three lengths.

    ``model`` is changed. Raises whatever its code raises on fake tensors.
    """
    from torch._subclasses.fake_tensor import FakeTensorMode

    register_flash()
    model.config._attn_implementation = FLASH if variant.attention == "flash" else variant.attention  # noqa: SLF001
    model.config.get_text_config()._attn_implementation = model.config._attn_implementation  # noqa: SLF001
    place, layers = layers_of(model)
    counts = keep_one_of_each(model, place, layers)
    prepare(model, variant)
    with FakeTensorMode(allow_non_fake_inputs=True):
        model.to_empty(device="cpu")
        model.train()
        runs = [Watch(model, place, variant).run(length, shape.vocabulary) for length in LENGTHS]
    per_layer = [fitted([run.layers[number] for run in runs]) for number in range(len(counts))]
    total = Curve()
    for curve, count in zip(per_layer, counts, strict=True):
        total += curve.times(count)
    longest = LENGTHS[-1]
    return Kept(
        layers=total,
        layer=max(per_layer, key=lambda curve: curve.at(longest)),
        entry=fitted([run.entry for run in runs]),
        rest=fitted([run.rest for run in runs]),
        adapters=adapters,
        measured=True,
    )


def keep_one_of_each(model: Any, place: str, layers: Any) -> list[int]:
    """Leave one layer of each kind in the model and return how many there were of each."""
    import torch

    kinds: dict[tuple[object, ...], list[Any]] = {}
    for layer in layers:
        shapes = tuple((name, tuple(p.shape)) for name, p in layer.named_parameters())
        kinds.setdefault((type(layer), shapes), []).append(layer)
    parent, _, name = place.rpartition(".")
    owner = model.get_submodule(parent) if parent else model
    setattr(owner, name, torch.nn.ModuleList(group[0] for group in kinds.values()))
    text = model.config.get_text_config()
    for key in ("num_hidden_layers", "n_layer", "num_layers"):
        if isinstance(getattr(text, key, None), int):
            setattr(text, key, len(kinds))
    return [len(group) for group in kinds.values()]


def prepare(model: Any, variant: Variant) -> None:
    """Give weights the precision that training gives them, and the model its adapters."""
    import torch

    if variant.upcast:
        head = model.get_output_embeddings()
        for name, module in model.named_modules():
            if "norm" in name or isinstance(module, torch.nn.Embedding) or module is head:
                module.float()
    if variant.targets:
        model.enable_input_require_grads()  # as in every layer but the first
        adapt(model, variant)


class Watch:
    """Counts the storages that autograd keeps in one forward pass, by the layer that made them.

    Each storage counts once, weights not at all. ``layers`` has one figure a layer.
    """

    def __init__(self, model: Any, place: str, variant: Variant) -> None:
        self.model, self.variant = model, variant
        self.blocks = list(model.get_submodule(place))
        self.layers = [0] * len(self.blocks)
        self.rest = 0
        self.entry = 0
        self._now: int | None = None
        self._seen: dict[int, Any] = {}
        weights = [*model.parameters(), *model.buffers()]
        self._own = {item.untyped_storage()._cdata: item for item in weights}  # noqa: SLF001

    def run(self, length: int, vocabulary: int) -> Watch:
        """Run ``length`` tokens through the model, autocast as accelerate does."""
        import torch

        ids = torch.zeros(1, length, dtype=torch.long)
        hooks = list(self._hooks())
        kept = torch.autograd.graph.saved_tensors_hooks(
            lambda tensor: self._pack(tensor, length, vocabulary), lambda tensor: tensor
        )
        try:
            with kept, torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.variant.half):
                self.model(input_ids=ids, use_cache=False)
        finally:
            for hook in hooks:
                hook.remove()
        return self

    def _hooks(self) -> Iterator[Any]:
        for number, block in enumerate(self.blocks):
            yield block.register_forward_pre_hook(self._enter(number), with_kwargs=True)
            yield block.register_forward_hook(self._leave)

    def _enter(self, number: int) -> Callable[..., None]:
        def enter(_module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            self._now = number
            given = args[0] if args else kwargs["hidden_states"]
            self.entry = max(self.entry, given.nbytes)

        return enter

    def _leave(self, *_: Any) -> None:
        self._now = None

    def _pack(self, tensor: Any, length: int, vocabulary: int) -> Any:
        storage = tensor.untyped_storage()
        key = storage._cdata  # noqa: SLF001
        if key in self._own or key in self._seen:
            return tensor
        self._seen[key] = storage
        if self._now is not None:
            self.layers[self._now] += storage.nbytes()
        elif tensor.numel() < length * vocabulary:
            self.rest += storage.nbytes()
        return tensor


def fitted(figures: list[int]) -> Curve:
    """Return the curve through the figures at the three lengths."""
    (a, b, c), (fa, fb, fc) = LENGTHS, figures
    square = ((fc - fa) / (c - a) - (fb - fa) / (b - a)) / (c - b)
    linear = (fb - fa) / (b - a) - square * (a + b)
    return Curve(fa - linear * a - square * a * a, linear, square)


def register_flash() -> None:
    """Register attention that keeps queries, keys, values, output and the sums: nothing square."""
    import torch
    from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

    if FLASH in ALL_ATTENTION_FUNCTIONS.valid_keys():
        return

    class Fused(torch.autograd.Function):  # type: ignore[misc]
        @staticmethod
        def forward(ctx: Any, query: Any, key: Any, value: Any) -> Any:
            sums = query.new_empty(query.shape[:-1], dtype=torch.float32)
            out = query.new_empty((*query.shape[:-1], value.shape[-1]))
            ctx.save_for_backward(query, key, value, out, sums)
            return out

        @staticmethod
        def backward(ctx: Any, gradient: Any) -> Any:
            query, key, value, _, _ = ctx.saved_tensors
            return gradient.new_empty(query.shape), torch.empty_like(key), torch.empty_like(value)

    def attention(_module: Any, query: Any, key: Any, value: Any, *_: Any, **__: Any) -> Any:
        return Fused.apply(query, key, value).transpose(1, 2).contiguous(), None

    ALL_ATTENTION_FUNCTIONS.register(FLASH, attention)
    ALL_MASK_ATTENTION_FUNCTIONS.register(FLASH, lambda *_, **__: None)
