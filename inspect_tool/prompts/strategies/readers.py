"""Which reader goes with which of axolotl's strategies."""

from __future__ import annotations

import inspect
from functools import partial
from typing import TYPE_CHECKING, Any

from inspect_tool.prompts.strategies.chat import ChatReader
from inspect_tool.prompts.strategies.instruct import (
    InstructReader,
    PygmalionReader,
    ReflectionReader,
)
from inspect_tool.prompts.strategies.others import (
    Llama2Reader,
    MessagesReader,
    OtherReader,
    RewardReader,
    TextReader,
)
from inspect_tool.prompts.strategies.pieces import (
    CompletionReader,
    SegmentsReader,
    StepsReader,
    StoredReader,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inspect_tool.prompts.strategies.reader import Reader, Row


def reader_of(strategy: Any, details: Mapping[str, Any]) -> Reader:
    """Return the reader for a strategy; None stands for rows that came tokenised.

    ``details`` are what `type: messages` hands on instead of a strategy. A class of the user's own
    is read by its labels, unless it tokenises rows as the class that it extends.
    """
    if details:
        return MessagesReader(
            details["model_transform"], details["message_transform"], details["formatter"]
        )
    if strategy is None:
        return StoredReader()
    for owner, method, reader in _known():
        if isinstance(strategy, owner) and _same(strategy, owner, method):
            found: Reader = reader(strategy)
            return found
    return OtherReader(strategy)


def text_reader(cfg: Any, tokenizer: Any, entry: Any, index: int, dataset: Any) -> TextReader:
    """Return the reader of a preference dataset (utils/data/rl.py, `_load_split`)."""
    from axolotl.utils.data import rl
    from axolotl.utils.dict import DictDefault
    from axolotl.utils.schemas.enums import RLType

    loaders = {RLType.ORPO: rl.load_orpo, RLType.KTO: rl.load_kto, RLType.EBFT: rl.load_ebft}
    written = entry.type
    fit = partial(_fit, cfg=cfg, tokenizer=tokenizer)
    if not written:
        return TextReader(None, fit)
    name = "user_defined.default" if isinstance(written, DictDefault) else written
    loaded = loaders.get(cfg.rl, rl.load_dpo)(name, cfg, dataset_idx=index)
    if loaded is None:
        raise ValueError(f"no dataset type {name!r} for rl: {cfg.rl}")
    transform, options = loaded if isinstance(loaded, tuple) else (loaded, {})
    if "tokenizer" in inspect.signature(transform).parameters:
        transform = partial(transform, tokenizer=tokenizer)
    removed = options.get("remove_columns", ())
    columns = dataset.column_names if removed == "__all__" else removed
    return TextReader(transform, fit, tuple(columns))


def _fit(row: Row, *, cfg: Any, tokenizer: Any) -> Row:
    from axolotl.utils.data import rl

    if (cfg.excess_length_strategy or "drop").lower() != "truncate":
        return row
    fitted: Row = rl._truncate_long_sequences_rl(row, cfg.rl, tokenizer, cfg.sequence_len)  # noqa: SLF001
    return fitted


def _known() -> list[tuple[type, str, type[Any]]]:
    """Pair the strategies with their readers and the method that must not be overridden."""
    from axolotl import prompt_tokenizers as base
    from axolotl.prompt_strategies import (
        alpaca_w_system,
        chat_template,
        completion,
        input_output,
        llama2_chat,
        pygmalion,
        stepwise_supervised,
    )
    from axolotl.prompt_strategies.bradley_terry import chat_template as reward

    instruct = alpaca_w_system.InstructionWSystemPromptTokenizingStrategy
    known: list[tuple[type, type[Any]]] = [
        (reward.BTChatTemplateStrategy, RewardReader),
        (chat_template.ChatTemplateStrategy, ChatReader),
        (completion.CompletionPromptTokenizingStrategy, CompletionReader),
        (input_output.RawInputOutputStrategy, SegmentsReader),
        (stepwise_supervised.StepwiseSupervisedPromptTokenizingStrategy, StepsReader),
        (llama2_chat.LLama2ChatTokenizingStrategy, Llama2Reader),
        (pygmalion.PygmalionPromptTokenizingStrategy, PygmalionReader),
        (base.ReflectionPromptTokenizingStrategy, ReflectionReader),
        (base.InstructionPromptTokenizingStrategy, InstructReader),
        (instruct, InstructReader),
    ]
    chats = (reward.BTChatTemplateStrategy, chat_template.ChatTemplateStrategy)
    return [
        (owner, "_tokenize_single_prompt" if owner in chats else "tokenize_prompt", reader)
        for owner, reader in known
    ]


def _same(strategy: Any, owner: type, method: str) -> bool:
    return getattr(type(strategy), method, None) is getattr(owner, method)
