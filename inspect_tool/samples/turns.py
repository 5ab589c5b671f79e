"""Where the turns of a conversation begin, read back from its tokens.

Nothing stored says so: a turn begins where a chat template's marker stands, as a special token or,
for templates that have none, as text. What no marker tells falls back to runs of trained and
masked tokens. Turns are for finding one's way; no colour and no check depends on them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from inspect_tool.samples.sample import TokenSequence
    from inspect_tool.samples.vocabulary import Vocabulary

Source = Literal["markers", "text", "spans"]

HEADERS: Final = {
    "<|im_start|>": "\n",
    "<|start_header_id|>": "<|end_header_id|>",
    "<|header_start|>": "<|header_end|>",
    "<start_of_turn>": "\n",
    "<|turn>": "\n",
    "<|start_of_role|>": "<|end_of_role|>",
    "<|START_OF_TURN_TOKEN|>": "_TOKEN|>",
    "<|start|>": "<|message|>",
    "<|bom|>": "\n",
}
"""Tokens that open a turn's header, and the text that ends the role named after them."""

ROLES: Final = {
    "[INST]": "user",
    "[/INST]": "assistant",
    "[SYSTEM_PROMPT]": "system",
    "[AVAILABLE_TOOLS]": "tools",
    "[TOOL_RESULTS]": "tool",
    "<|system|>": "system",
    "<|user|>": "user",
    "<|assistant|>": "assistant",
    "<|model|>": "assistant",
    "<|tool|>": "tool",
    "<|observation|>": "tool",
    "[|system|]": "system",
    "[|user|]": "user",
    "[|assistant|]": "assistant",
    "[|tool|]": "tool",
    "<｜User｜>": "user",
    "<｜Assistant｜>": "assistant",
}
"""Tokens that open a turn of a role that they name themselves."""

_IN_TEXT: Final = re.compile(
    rb"(?P<inst>\[/?INST\])|^### ?(?P<heading>System|Instruction|Input|Response|User|Assistant)\b",
    re.MULTILINE,
)
"""Markers that templates write as plain text: Mistral's without its own tokens, Alpaca's."""
_HEADINGS: Final = {"instruction": "user", "input": "input", "response": "assistant"}
_HEADER_TOKENS: Final = 12
_ROLE_LENGTH: Final = 24


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn, tokens ``[start, stop)``; ``number`` counts from 1, ``role`` may be empty.

    ``role`` is dataset text: draw it with ``glyphs.safe``.
    """

    number: int
    start: int
    stop: int
    role: str


@dataclass(frozen=True, eq=False)
class Turns:
    """The turns of one sequence of ``length`` tokens; ``starts`` int64[t] begins with 0."""

    starts: NDArray[np.int64]
    roles: tuple[str, ...]
    length: int
    source: Source

    def __len__(self) -> int:
        return len(self.starts)

    def at(self, index: int) -> Turn:
        """Return the turn that holds token ``index``."""
        place = int(np.searchsorted(self.starts, index, side="right")) - 1
        stop = int(self.starts[place + 1]) if place + 1 < len(self) else self.length
        return Turn(place + 1, int(self.starts[place]), stop, self.roles[place])


@lru_cache(maxsize=2)
def turns_of(sequence: TokenSequence, vocabulary: Vocabulary | None) -> Turns:
    """Return the turns of a sequence; the latest ones asked for are remembered."""
    found: list[tuple[int, str]] = []
    source: Source = "markers"
    if vocabulary is not None and len(sequence):
        found = list(_by_token(sequence.ids, vocabulary))
        if not found:
            source = "text"
            found = list(_by_text(sequence.ids, vocabulary))
    if not found:
        starts = sequence.span_starts.astype(np.int64)
        return Turns(starts, ("",) * len(starts), len(sequence), "spans")
    assert vocabulary is not None
    first, role = found[0]
    if bool(vocabulary.specials(sequence.ids[:first]).all()):
        found[0] = (0, role)
    else:
        found.insert(0, (0, ""))
    starts = np.array([start for start, _ in found], dtype=np.int64)
    return Turns(starts, tuple(role for _, role in found), len(sequence), source)


def _by_token(ids: NDArray[np.integer[Any]], vocabulary: Vocabulary) -> Iterator[tuple[int, str]]:
    """Yield the first token and the role of each turn that an added token opens."""
    openers = {
        index: piece
        for index in np.flatnonzero(vocabulary.added).tolist()
        if (piece := (vocabulary.piece(index) or "").strip()) in HEADERS or piece in ROLES
    }
    if not openers:
        return
    for place in np.flatnonzero(np.isin(ids, list(openers))).tolist():
        piece = openers[int(ids[place])]
        if piece in ROLES:
            yield place, ROLES[piece]
        else:
            yield place, _header_role(ids, place + 1, HEADERS[piece], vocabulary)


def _header_role(
    ids: NDArray[np.integer[Any]], start: int, closer: str, vocabulary: Vocabulary
) -> str:
    header = vocabulary.decode(ids[start : start + _HEADER_TOKENS])
    role, _, _ = header.partition(closer)
    name = role.replace("<|", "").strip().partition("\n")[0].lower()
    return {"chatbot": "assistant", "model": "assistant"}.get(name, name)[:_ROLE_LENGTH]


def _by_text(ids: NDArray[np.integer[Any]], vocabulary: Vocabulary) -> Iterator[tuple[int, str]]:
    """Yield the first token and the role of each turn that plain text opens."""
    distinct = {token_id: vocabulary.bytes_of(token_id) for token_id in set(ids.tolist())}
    data = [distinct[token_id] for token_id in ids.tolist()]
    matches = list(_IN_TEXT.finditer(b"".join(data)))
    if not matches:
        return
    starts = np.cumsum([0, *map(len, data)], dtype=np.int64)
    for match in matches:
        token = int(np.searchsorted(starts, match.start(), side="right")) - 1
        if match["inst"]:
            yield token, ROLES[match["inst"].decode()]
        else:
            heading = match["heading"].decode().lower()
            yield token, _HEADINGS.get(heading, heading)
