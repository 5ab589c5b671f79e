"""The real model class, without its weights: what its tensors are and what its layers keep.

Runs in the axolotl worker. Tensors lie on the meta device or are fake (torch's FakeTensorMode), so
a model of any size takes a second and no memory. One layer of each kind is run.
"""

from __future__ import annotations

import copy
import logging
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from inspect_tool.errors import InspectError
from inspect_tool.scale.memory.adapters import adapters_of
from inspect_tool.scale.memory.formula import kept_by_formula
from inspect_tool.scale.memory.modules import kind_of, layers_of, plain_name
from inspect_tool.scale.memory.running import run
from inspect_tool.scale.memory.shape import Model, Shape, Tensors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from inspect_tool.scale.memory.shape import Kept, Kind, Variant


def look_at_model(config: Mapping[str, Any], variants: tuple[Variant, ...]) -> Model:
    """Return the shape of the model that ``config`` (a config.json) describes, and what is kept.

    Raises InspectError where transformers knows no such model.
    """
    shape = shape_of(build(config), config)
    with no_complaints():
        kept = {variant.key: kept_of(config, variant, shape) for variant in variants}
    return Model(shape, kept)


def kept_of(config: Mapping[str, Any], variant: Variant, shape: Shape) -> Kept:
    """Run a variant, else one that is near, else take the formula; any model's code may refuse."""
    adapters: tuple[Tensors, ...] | None = None
    failed: Exception | None = None
    for tried in near(variant):
        try:
            if adapters is None:
                adapters = adapters_of(build(config, half=variant.half), variant)
            found = run(build(config, half=variant.half), tried, shape, adapters)
        except Exception as error:
            failed = failed or error
        else:
            return found if tried.attention == variant.attention else without_scores(found)
    return kept_by_formula(config, variant, shape, adapters or (), why=said(failed))


def near(variant: Variant) -> Iterator[Variant]:
    """Yield the variant, then the same without dropout, and with torch's own attention."""
    yield variant
    if variant.dropout:
        yield replace(variant, dropout=False)
    if variant.attention == "flash":
        yield replace(variant, attention="sdpa", dropout=False)


def without_scores(kept: Kept) -> Kept:
    """Return what is kept without anything of sequence x sequence."""
    return replace(
        kept,
        layers=replace(kept.layers, square=0.0),
        layer=replace(kept.layer, square=0.0),
        rest=replace(kept.rest, square=0.0),
    )


@contextmanager
def no_complaints() -> Iterator[None]:
    """Keep a trial that fails, and is done otherwise, from filling the log with tracebacks."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        yield
    finally:
        logging.disable(before)


def build(config: Mapping[str, Any], *, half: bool = True) -> Any:
    """Build the model on the meta device, as axolotl's default class would."""
    import torch
    from transformers import CONFIG_MAPPING, AutoModel, AutoModelForCausalLM
    from transformers import AutoModelForImageTextToText as AutoModelForImages

    values = copy.deepcopy(dict(config))
    kind = str(values.pop("model_type", ""))
    values.pop("quantization_config", None)
    if kind not in CONFIG_MAPPING:
        raise InspectError(
            f"transformers knows no model_type {kind!r}: its class comes with its weights",
            fix="--model FOLDER names one that it knows",
        )
    try:
        read = CONFIG_MAPPING[kind].from_dict(values)
    except Exception as error:
        raise InspectError(f"transformers refuses its config.json: {said(error)}") from error
    dtype = torch.bfloat16 if half else torch.float32
    for auto in (AutoModelForCausalLM, AutoModelForImages, AutoModel):
        if type(read) in auto._model_mapping:  # noqa: SLF001
            try:
                with torch.device("meta"):
                    return auto.from_config(read, dtype=dtype, attn_implementation="eager")
            except Exception as error:
                raise InspectError(f"transformers cannot build it: {said(error)}") from error
    raise InspectError(f"transformers has no model for model_type {kind!r}")


def said(error: BaseException | None) -> str:
    """Return what an error says, in one line."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:200]


def shape_of(model: Any, config: Mapping[str, Any]) -> Shape:
    """Group the model's parameters over its layers."""
    found: Counter[tuple[str, tuple[int, ...], Kind, bool]] = Counter()
    place, layers = layers_of(model)
    owners: dict[int, Any] = {}
    for module in model.modules():
        for parameter in module.parameters(recurse=False):
            owners.setdefault(id(parameter), module)
    head = model.get_output_embeddings() if hasattr(model, "get_output_embeddings") else None
    for name, parameter in model.named_parameters():
        within = bool(place) and name.startswith(f"{place}.")
        kind = kind_of(name, parameter, owners[id(parameter)], head)
        found[(plain_name(name), tuple(parameter.shape), kind, within)] += 1
    text = model.config.get_text_config()
    quantized, bits = quantization_of(config)
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
        quantized=quantized,
        bits=bits,
    )


def quantization_of(config: Mapping[str, Any]) -> tuple[str | None, int | None]:
    """Return by which method a checkpoint is quantized, and how wide its linear layers are."""
    written = config.get("quantization_config")
    if not isinstance(written, dict):
        return None, None
    method = str(written.get("quant_method", "unknown"))
    bits = written.get("bits")
    if written.get("load_in_4bit"):
        bits = 4
    elif written.get("load_in_8bit") or method == "fp8":
        bits = 8
    return method, bits if bits in {4, 8} else None
