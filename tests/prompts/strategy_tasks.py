"""Tasks for the worker that read rows with strategies no config gives."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING

from inspect_tool.prompts.strategies.chat import ChatReader
from inspect_tool.prompts.strategies.reader import Place
from inspect_tool.prompts.strategies.readers import reader_of
from inspect_tool.prompts.strategies.sessions import Request, session

if TYPE_CHECKING:
    from typing import Any

    from inspect_tool.prompts.explained import Explained

PLACE = Place("datasets.0", "chat_template", 0)


def last_turn_only(request: Request, number: int, row: int, *, inputs: bool) -> Explained:
    """Explain a row by a strategy that nothing tells which turns to train."""
    with session(request) as opened:
        source = opened.sources[number]
        strategy: Any = copy(source.reader.strategy)  # type: ignore[attr-defined]
        strategy.roles_to_train = []
        strategy.train_on_eos = strategy.train_on_eot = None
        strategy.train_on_inputs = inputs
        return ChatReader(strategy).explain(source.dataset[row], PLACE)[0]


def own_strategy(request: Request, row: int) -> tuple[str, Explained]:
    """Explain a row by a class of a person's own that tokenises in its own way."""
    from axolotl.prompt_tokenizers import AlpacaPromptTokenizingStrategy

    class Own(AlpacaPromptTokenizingStrategy):  # type: ignore[misc]
        def tokenize_prompt(self, prompt: dict[str, Any]) -> dict[str, Any]:
            ids = self.tokenizer(prompt["output"])["input_ids"]
            return {"input_ids": ids, "labels": [-100, *ids[1:]], "attention_mask": [1] * len(ids)}

    with session(request) as opened:
        given: Any = opened.sources[0].reader
        strategy = Own(given.strategy.prompter, opened.tokenizer, False, 2048)
        reader = reader_of(strategy, {})
        explained = reader.explain(opened.sources[0].dataset[row], PLACE)[0]
        return type(reader).__name__, explained


def mistaken(request: Request, row: int) -> Explained:
    """Explain a row whose strategy labels a token that none of its decisions leads to."""
    with session(request) as opened:
        source = opened.sources[0]
        strategy: Any = copy(source.reader.strategy)  # type: ignore[attr-defined]
        plain = strategy._tokenize_single_prompt

        def mislabelled(prompt: dict[str, Any]) -> dict[str, Any]:
            result = plain(prompt)
            result["labels"][0] = result["input_ids"][0]
            found: dict[str, Any] = result
            return found

        strategy._tokenize_single_prompt = mislabelled
        return ChatReader(strategy).explain(source.dataset[row], PLACE)[0]
