"""What a run's config and trainer say about its batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Facts:
    """What a trainer's config says about its batches.

    ``no_token_loss`` is why its tokens have no loss of their own; ``pairs`` means that the first
    half of the rows are chosen answers, the second the rejected ones.
    """

    prepared: str | None = None
    pad_token_id: int | None = None
    no_token_loss: str = ""
    pairs: bool = False


def facts_of(cfg: Any, trainer: Any, prepared: str | None) -> Facts:
    """Read axolotl's config; ``prepared`` is where the prepared datasets lie, if anywhere."""
    made_on_the_way = cfg.pretraining_dataset or cfg.streaming or cfg.skip_prepare_dataset
    tokenizer = getattr(trainer, "processing_class", None)
    tokenizer = getattr(tokenizer, "tokenizer", tokenizer)
    pad = getattr(tokenizer, "pad_token_id", None)
    method = str(getattr(cfg.rl, "value", cfg.rl)) if cfg.rl else ""
    if cfg.reward_model:
        method = "reward model"
    return Facts(
        prepared=None if made_on_the_way else prepared,
        pad_token_id=None if pad is None else int(pad),
        no_token_loss=f"{method}: the loss is of whole answers, not of tokens" if method else "",
        pairs=bool(cfg.reward_model) or method in {"dpo", "ipo"},
    )
