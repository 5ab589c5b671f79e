"""What the worker is asked of raw rows: plain functions of small values."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from inspect_tool.axolotl_tasks import first_line
from inspect_tool.errors import InspectError
from inspect_tool.prompts.digests import SIZE
from inspect_tool.prompts.strategies.likeness import Needle, likeliest
from inspect_tool.prompts.strategies.reader import Place
from inspect_tool.prompts.strategies.sessions import Request, Session, session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from inspect_tool.prompts.explained import Explained
    from inspect_tool.prompts.strategies.reader import Rendered


@dataclass(frozen=True)
class SourceInfo:
    """One dataset of a config: its dotted key, its raw rows and files, the settings in force."""

    entry: str
    rows: int
    files: tuple[str, ...]
    settings: Mapping[str, Any]
    template_key: str


@dataclass(frozen=True)
class RowsInfo:
    """A config's datasets, and what axolotl does with rows once they are rendered.

    ``limit`` and ``shortest`` are tokens; ``strategy`` is ``excess_length_strategy``; ``left_out``
    lists what of the config was not looked at.
    """

    sources: tuple[SourceInfo, ...]
    limit: int
    limit_key: str
    shortest: int
    strategy: str
    drops_untrained: bool
    deduplicates: bool
    left_out: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """All raw rows."""
        return sum(source.rows for source in self.sources)


@dataclass(frozen=True, eq=False)
class Chunk:
    """Rendered rows ``m`` of raw rows ``[start, stop)`` of one dataset.

    ``rows`` and ``parts`` int32[m] say what each was made from, ``digests`` uint8[m, 16] its
    content, ``lengths`` and ``trained`` int32[m] its tokens, ``kept`` bool[m] whether axolotl's
    length filter keeps it. ``cuts`` maps an index to the digests of the row cut to some lengths;
    ``failures`` maps a raw row to what axolotl said of it.
    """

    source: int
    start: int
    stop: int
    rows: NDArray[np.int32]
    parts: NDArray[np.int32]
    digests: NDArray[np.uint8]
    lengths: NDArray[np.int32]
    trained: NDArray[np.int32]
    kept: NDArray[np.bool_]
    cuts: Mapping[int, Mapping[int, bytes]] = field(default_factory=dict)
    failures: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """A raw row that a prepared one may have come from, and how alike they are.

    ``how``: ``same``, ``cut`` (the prepared row is its beginning) or ``relabelled`` (same ids).
    """

    source: int
    row: int
    part: int
    how: str


def open_rows(request: Request) -> RowsInfo:
    """Open a config's datasets; raises AxolotlRefusedError with axolotl's reason."""
    with session(request) as opened:
        cfg = opened.cfg
        of_test = request.split == "test"
        eval_limit = of_test and bool(cfg.eval_sequence_len)
        packs = cfg.eval_sample_packing if of_test else cfg.sample_packing
        return RowsInfo(
            sources=tuple(
                SourceInfo(s.entry, len(s.dataset), s.files, s.settings, s.template_key)
                for s in opened.sources
            ),
            limit=int(cfg.eval_sequence_len if eval_limit else cfg.sequence_len),
            limit_key="eval_sequence_len" if eval_limit else "sequence_len",
            shortest=int(cfg.min_sample_len or 2),
            strategy=str(cfg.excess_length_strategy or "drop").lower(),
            drops_untrained=bool(packs) and not cfg.rl,
            deduplicates=bool(cfg.dataset_exact_deduplication),
            left_out=opened.left_out,
        )


def render_rows(
    request: Request, source: int, start: int, stop: int, cuts: tuple[int, ...] = ()
) -> Chunk:
    """Render raw rows ``[start, stop)``; a row that axolotl fails on is noted, not raised."""
    with session(request) as opened:
        keeps = _length_filter(opened)
        made: list[tuple[int, int, Rendered]] = []
        failures: dict[int, str] = {}
        for number, row in opened.sources[source].numbered(start, stop):
            try:
                rendered = opened.sources[source].reader.render(row)
            except Exception as error:  # what axolotl raises is the row's fate
                failures[number] = _said(error)
                continue
            made += [(number, part, item) for part, item in enumerate(rendered)]
    digests = b"".join(item.digest for _, _, item in made)
    return Chunk(
        source=source,
        start=start,
        stop=stop,
        rows=np.array([row for row, _, _ in made], dtype=np.int32),
        parts=np.array([part for _, part, _ in made], dtype=np.int32),
        digests=np.frombuffer(digests, dtype=np.uint8).reshape(-1, SIZE),
        lengths=np.array([item.length for _, _, item in made], dtype=np.int32),
        trained=np.array([item.trained for _, _, item in made], dtype=np.int32),
        kept=np.array([keeps(item) for _, _, item in made], dtype=np.bool_),
        cuts={
            index: {length: item.cut(length).digest for length in cuts if length < item.length}
            for index, (_, _, item) in enumerate(made)
            if item.labels is not None and cuts and item.length > min(cuts)
        },
        failures=failures,
    )


def explain_row(request: Request, source: int, row: int) -> tuple[Explained, ...]:
    """Render one raw row and say why of every token; raises InspectError for one that fails."""
    with session(request) as opened:
        chosen = opened.sources[source]
        place = Place(chosen.entry, chosen.template_key, row)
        try:
            return tuple(chosen.reader.explain(chosen.dataset[row], place))
        except Exception as error:
            raise InspectError(
                f"axolotl fails on it: {_said(error)}",
                place=f"{chosen.entry}, raw row {row}",
            ) from error


def find_rows(request: Request, needle: Needle, most: int) -> tuple[Found, ...]:
    """Find raw rows that a prepared row came from, by its text and then by rendering.

    An empty answer is no proof of absence: a template may have changed the text beyond finding.
    """
    with session(request) as opened:
        text = needle.text(opened.tokenizer)
        found: list[Found] = []
        for source, number in likeliest(opened, needle, text, most):
            row = opened.sources[source].dataset[number]
            try:
                rendered = opened.sources[source].reader.render(row)
            except Exception:  # noqa: S112  # such a row is in no prepared dataset
                continue
            for part, item in enumerate(rendered):
                how = needle.compare(item)
                if how:
                    found.append(Found(source, number, part, how))
    return tuple(found)


def raw_row(request: Request, source: int, row: int) -> str:
    """Return one raw row as JSON, as `datasets` read it."""
    with session(request) as opened:
        value = opened.sources[source].dataset[row]
        return json.dumps(value, ensure_ascii=False, default=str)


def _length_filter(opened: Session) -> Any:
    """Return axolotl's own answer to whether a rendered row is kept for its length."""
    cfg = opened.cfg
    if cfg.rl:
        from axolotl.utils.data import rl

        return lambda item: rl._drop_long_sequences(  # noqa: SLF001
            item.columns, cfg.rl, opened.tokenizer, cfg.sequence_len
        )
    from axolotl.utils.data.utils import filter_sequences_by_length, keep_min_len

    of_test = opened.request.split == "test"
    limit = (cfg.eval_sequence_len if of_test else None) or cfg.sequence_len
    cuts = (cfg.excess_length_strategy or "drop").lower() == "truncate"

    def keeps(item: Rendered) -> bool:
        if item.labels is None:
            return True
        if cuts:
            return bool(keep_min_len({"input_ids": [item.ids]}, cfg.min_sample_len)[0])
        sample = {"input_ids": item.ids}
        return bool(filter_sequences_by_length(sample, limit, cfg.min_sample_len))

    return keeps


def _said(error: BaseException) -> str:
    """Return what an error says, with its kind where the words alone would not tell."""
    words = first_line(error)
    if isinstance(error, KeyError):
        return f"no field {words}"
    kind = type(error).__name__
    return words if isinstance(error, ValueError) or kind in words else f"{kind}: {words}"
