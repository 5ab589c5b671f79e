"""What ends generation: the tokenizer's EOS, generation_config.json, and what a server is told."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspect_tool.errors import InspectError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspect_tool.prompts.inference.encoder import Encoder

CONFIG = "generation_config.json"


@dataclass(frozen=True)
class Stops:
    """Ids that end generation, ascending, and where they stand, in words."""

    ids: tuple[int, ...]
    where: str


def tokenizer_stops(encoder: Encoder) -> Stops:
    """Return the tokenizer's EOS alone."""
    return Stops(() if encoder.eos_id is None else (encoder.eos_id,), "the tokenizer's eos_token")


def model_stops(encoder: Encoder, model: str | Path, extra: Sequence[str] = ()) -> Stops:
    """Return the EOS of the tokenizer and of a model's generation_config, and ``extra`` stops.

    ``model`` is a folder or the name of a cached Hub repository; ``extra`` are tokens or ids.
    """
    found = set(tokenizer_stops(encoder).ids)
    where = ["the tokenizer's eos_token"]
    written = generation_eos(model)
    if written is not None:
        found |= set(written)
        where.append(CONFIG)
    if extra:
        found |= {stop_id(encoder, item) for item in extra}
        where.append("--stop")
    return Stops(tuple(sorted(found)), " and ".join(where))


def generation_eos(model: str | Path) -> tuple[int, ...] | None:
    """Return ``eos_token_id`` of a model's generation_config.json, None where there is none."""
    file = _config_file(str(model))
    if file is None:
        return None
    try:
        written: Any = json.loads(file.read_text("utf-8")).get("eos_token_id")
    except (OSError, ValueError, AttributeError):
        return None
    if isinstance(written, int):
        return (written,)
    return tuple(int(item) for item in written) if isinstance(written, list) else None


def stop_id(encoder: Encoder, written: str) -> int:
    """Return the id of a stop given as an id or as a token; raises InspectError."""
    if written.isdigit():
        return int(written)
    found = single_id(encoder, written)
    if found is None:
        raise InspectError(
            "not one token of the tokenizer",
            place=f"--stop {written}",
            fix="name a token such as <|im_end|>, or an id",
        )
    return found


def single_id(encoder: Encoder, text: str) -> int | None:
    """Return the id of a text that is one token, None for any other."""
    ids = encoder.ids(text)
    return ids[0] if len(ids) == 1 else None


def _config_file(model: str) -> Path | None:
    folder = Path(model)
    if folder.is_dir():
        return folder / CONFIG if (folder / CONFIG).is_file() else None
    try:
        from huggingface_hub import try_to_load_from_cache

        found = try_to_load_from_cache(model, CONFIG)
    except ValueError:
        return None
    return Path(found) if isinstance(found, str) else None
