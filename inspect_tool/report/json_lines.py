"""Samples as JSON lines (docs/schemas/show.json), fast enough to stream a whole dataset.

A token's JSON depends on its id and label alone, but for the few tokens whose text depends on
their neighbours; so each is written once and joined from then on. Only printable ASCII comes out:
no text of a dataset can reach a terminal unescaped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from inspect_tool.report.plain_values import json_text
from inspect_tool.report.why_json import origin_json, why_texts
from inspect_tool.samples.sample import IGNORE_INDEX
from inspect_tool.samples.vocabulary import runs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from inspect_tool.prompts.origin import WhySample
    from inspect_tool.samples.sample import Sample, TokenSequence
    from inspect_tool.samples.vocabulary import Vocabulary

_DEPENDS = ""
"""Stands for a token whose text depends on its neighbours."""


class JsonLines:
    """Writes samples as JSON, one line each; remembers every token that it has written.

    Without a vocabulary ``text`` and ``special`` are null: nothing tells them.
    """

    def __init__(self, vocabulary: Vocabulary | None) -> None:
        self._vocabulary = vocabulary
        self._masked = _Tokens(vocabulary, trained=False)
        self._trained = _Tokens(vocabulary, trained=True)
        self._unlabelled = _Tokens(vocabulary, trained=None)

    def line(self, sample: Sample, *, why: WhySample | None = None) -> str:
        """Return one sample as a line of JSON, ended; ``why`` adds a reason to every token."""
        reasons = why_texts(why) if why is not None else []
        sequences = ",".join(
            self._sequence(sequence, reasons[index] if index < len(reasons) else None)
            for index, sequence in enumerate(sample.sequences)
        )
        facts = {"row": sample.row, "split": sample.split, "kind": sample.kind}
        head = json_text(facts if why is None else {**facts, "origin": origin_json(why)})
        columns = json_text(dict(sample.columns))
        return f'{head[:-1]},"sequences":[{sequences}],"columns":{columns}}}\n'

    def _sequence(self, sequence: TokenSequence, reasons: list[str] | None) -> str:
        text = sequence.stored_text
        stored = "" if text is None else f',"text":{json_text(text)}'
        written = self._tokens(sequence)
        if reasons is not None:
            written = [
                f'{token[:-1]},"why":{reason}}}'
                for token, reason in zip(written, reasons, strict=True)
            ]
        tokens = ",".join(written)
        return f'{{"name":{json_text(sequence.name)},"tokens":[{tokens}]{stored}}}'

    def _tokens(self, sequence: TokenSequence) -> list[str]:
        ids, labels = sequence.ids, sequence.labels
        if sequence.trained is None or labels is None:
            tokens = list(map(self._unlabelled.__getitem__, ids.tolist()))
        else:
            masked, trained = self._masked, self._trained
            tokens = [
                trained[token_id] if is_trained else masked[token_id]
                for token_id, is_trained in zip(
                    ids.tolist(), sequence.trained.tolist(), strict=True
                )
            ]
            for index in sequence.odd_labels.tolist():
                tokens[index] = _DEPENDS
        if self._vocabulary is not None and _drops_space(self._vocabulary, ids):
            tokens[0] = _DEPENDS
        if _DEPENDS in tokens:
            self._settle(tokens, sequence)
        return tokens

    def _settle(self, tokens: list[str], sequence: TokenSequence) -> None:
        """Write the tokens that were left open, in place, run by run."""
        waiting = np.array([token == _DEPENDS for token in tokens])
        if self._vocabulary is not None:
            waiting |= self._vocabulary.joint(sequence.ids)
        for start, stop in runs(waiting):
            ids = sequence.ids[start:stop]
            texts = _texts(self._vocabulary, ids, continued=start > 0)
            special = None if self._vocabulary is None else self._vocabulary.specials(ids).tolist()
            labels = None if sequence.labels is None else sequence.labels[start:stop].tolist()
            for index, token_id in enumerate(ids.tolist()):
                label = labels[index] if labels else None
                tokens[start + index] = _token(
                    token_id,
                    text=texts[index],
                    label=label,
                    trained=None if label is None else label != IGNORE_INDEX,
                    special=special[index] if special else None,
                )


class _Tokens(dict[int, str]):
    """The JSON of tokens by id, for one state of training."""

    def __init__(self, vocabulary: Vocabulary | None, *, trained: bool | None) -> None:
        super().__init__()
        self._vocabulary = vocabulary
        self._trained = trained

    def __missing__(self, token_id: int) -> str:
        self[token_id] = written = self._write(token_id)
        return written

    def _write(self, token_id: int) -> str:
        text = None
        if self._vocabulary is not None:
            try:
                text = self._vocabulary.bytes_of(token_id).decode("utf-8")
            except UnicodeDecodeError:
                return _DEPENDS
        return _token(
            token_id,
            text=text,
            label={None: None, True: token_id, False: IGNORE_INDEX}[self._trained],
            trained=self._trained,
            special=_is_special(self._vocabulary, token_id),
        )


def _drops_space(vocabulary: Vocabulary, ids: NDArray[np.integer[Any]]) -> bool:
    """Tell whether the first token loses the space that its piece starts with."""
    drops = vocabulary.decoder.strip_first and len(ids) > 0
    return drops and vocabulary.bytes_of(int(ids[0])).startswith(b" ")


def _texts(
    vocabulary: Vocabulary | None, ids: NDArray[np.integer[Any]], *, continued: bool
) -> list[str] | list[None]:
    if vocabulary is None:
        return [None] * len(ids)
    return vocabulary.texts(ids, continued=continued)


def _is_special(vocabulary: Vocabulary | None, token_id: int) -> bool | None:
    return None if vocabulary is None else bool(vocabulary.specials(np.array([token_id]))[0])


def _token(
    token_id: int,
    *,
    text: str | None,
    label: int | None,
    trained: bool | None,
    special: bool | None,
) -> str:
    return json_text(
        {"id": token_id, "text": text, "label": label, "trained": trained, "special": special}
    )
