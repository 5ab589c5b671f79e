"""The real model class, without its weights: what its tensors are and what its layers keep.

Runs in the axolotl worker. Tensors lie on the meta device or are fake (torch's FakeTensorMode), so
a model of any size takes a second and no memory. One layer of each kind is run.
"""

from __future__ import annotations

import copy
from collections import Counter
from typing import TYPE_CHECKING, Any

from inspect_tool.errors import InspectError
from inspect_tool.scale.memory.formula import kept_by_formula
from inspect_tool.scale.memory.shape import Curve, Kept, Kind, Model, Shape, Tensors, Variant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

LENGTHS = (256, 512, 1024)
"""Sequence lengths that are run; three say how much is constant, linear and quadratic."""

FLASH = "inspect_tool_fused"
"""The name under which attention that keeps what flash attention keeps is registered."""


def look(config: Mapping[str, Any], variants: tuple[Variant, ...]) -> Model:
    """Return the shape of the model that ``config`` (a config.json) describes, and what is kept.

    Raises InspectError where transformers knows no such model.
    """
    model = build(config)
    shape = shape_of(model, config)
    kept = {}
    for variant in variants:
        try:
            kept[variant.key] = run_variant(config, variant, shape)
        except Exception as error:  # any of the model's own code may refuse fake tensors
            why = next(iter(str(error).strip().splitlines()), type(error).__name__)[:200]
            kept[variant.key] = kept_by_formula(config, variant, shape, why=why)
    return Model(shape, kept)


def build(config: Mapping[str, Any], *, half: bool = True) -> Any:
    """Build the model on the meta device, as axolotl's default class would."""
    import torch
    from accelerate import init_empty_weights
    from transformers import CONFIG_MAPPING, AutoModel, AutoModelForCausalLM
    from transformers import AutoModelForImageTextToText as AutoModelForImages

    values = copy.deepcopy(dict(config))
    kind = str(values.pop("model_type", ""))
    values.pop("quantization_config", None)
    if kind not in CONFIG_MAPPING:
        raise InspectError(
            f"transformers knows no model_type {kind!r}: its class comes with its weights",
            fix="--like ARCHITECTURE takes the shape of one that it knows",
        )
    read = CONFIG_MAPPING[kind].from_dict(values)
    dtype = torch.bfloat16 if half else torch.float32
    for auto in (AutoModelForCausalLM, AutoModelForImages, AutoModel):
        if type(read) in auto._model_mapping:  # noqa: SLF001
            with init_empty_weights():
                return auto.from_config(read, dtype=dtype, attn_implementation="eager")
    raise InspectError(f"transformers has no model for model_type {kind!r}")


def shape_of(model: Any, config: Mapping[str, Any]) -> Shape:
    """Group the model's parameters over its layers."""
    found: Counter[tuple[str, tuple[int, ...], Kind, bool]] = Counter()
    place, layers = layers_of(model)
    owners = {
        id(parameter): module
        for module in model.modules()
        for parameter in module.parameters(recurse=False)
    }
    head = model.get_output_embeddings() if hasattr(model, "get_output_embeddings") else None
    for name, parameter in model.named_parameters():
        within = bool(place) and name.startswith(f"{place}.")
        kind = kind_of(name, parameter, owners[id(parameter)], head)
        found[(plain_name(name), tuple(parameter.shape), kind, within)] += 1
    text = model.config.get_text_config()
    quantization = config.get("quantization_config")
    return Shape(
        architecture=type(model).__name__,
        tensors=tuple(
            Tensors(name, shape, count, kind, block)
            for (name, shape, kind, block), count in found.items()
        ),
        buffers=sum(buffer.nbytes for buffer in model.buffers()),
        layers=len(layers),
        wrapped=tuple(sorted(model._no_split_modules or ())),  # noqa: SLF001
        hidden=int(getattr(text, "hidden_size", 0) or 0),
        vocabulary=int(getattr(text, "vocab_size", 0) or 0),
        quantized=str(quantization.get("quant_method", "unknown"))
        if isinstance(quantization, dict)
        else None,
    )


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


def run_variant(config: Mapping[str, Any], variant: Variant, shape: Shape) -> Kept:
    """Run one layer of each kind in fake tensors and fit what is kept over three lengths."""
    from torch._subclasses.fake_tensor import FakeTensorMode

    model = build(config, half=variant.half)
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
    from accelerate import init_empty_weights

    if variant.upcast:
        head = model.get_output_embeddings()
        for name, module in model.named_modules():
            if "norm" in name or isinstance(module, torch.nn.Embedding) or module is head:
                module.float()
    if not variant.targets:
        return
    model.enable_input_require_grads()  # every layer but the first one has something trained before
    from peft import LoraConfig, get_peft_model

    targets = variant.targets[0] if len(variant.targets) == 1 else list(variant.targets)
    wanted = LoraConfig(
        r=variant.rank,
        lora_dropout=0.05 if variant.dropout else 0.0,
        target_modules=targets,
    )
    with init_empty_weights():
        adapted = get_peft_model(model, wanted, autocast_adapter_dtype=False)
    for parameter in adapted.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()


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

    def attention(_module: Any, query: Any, key: Any, value: Any, *_: Any, **__: Any) -> Any:
        return Fused.apply(query, key, value).transpose(1, 2).contiguous(), None

    ALL_ATTENTION_FUNCTIONS.register(FLASH, attention)
    ALL_MASK_ATTENTION_FUNCTIONS.register(FLASH, lambda *_, **__: None)
