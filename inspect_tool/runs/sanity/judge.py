"""An answer that came against the one that was trained, and the cause of each difference.

A prompt that is not training's is a fault even where the answer comes all the same: a model that
knows four samples by heart answers almost anything with them, one that is to generalise does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.prompts.diagnosis.case import quoted
from inspect_tool.prompts.diff.results import STOPSET
from inspect_tool.runs.sanity.results import TRAINING, Cause, Outcome
from inspect_tool.runs.sanity.saved_run import LEARNED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspect_tool.prompts.diff.answers import Answer
    from inspect_tool.prompts.diff.results import Comparison, Side, Stop
    from inspect_tool.runs.sanity.ask import Likelihood

SAVED, UNLEARNED, UNTRAINED, DECODING = "M-SAVED", "M-UNLEARNED", "M-UNTRAINED", "M-DECODING"


def judge(
    answer: Answer,
    generated: Side,
    likelihood: Likelihood,
    *,
    comparison: Comparison | None,
    overall: float,
) -> Outcome:
    """Return what became of one answer; ``overall`` is the saved model's mean loss of them all."""
    stop = answer.stop if comparison is None else comparison.stop
    at = first_difference(answer, generated, stop)
    causes = list(_of_prompt(comparison))
    if not stop.ok:
        causes.append(Cause(STOPSET, stop.message, stop.fix))
    if at is not None and not causes:
        causes.append(_of_model(answer, generated, likelihood, at, stop=stop, overall=overall))
    return Outcome(
        row=answer.row,
        answer=answer.answer,
        target=TRAINING if comparison is None else comparison.target,
        expected=answer.expected,
        generated=generated,
        at=at,
        stopped=_ends(generated, stop),
        stop=stop,
        loss=mean(likelihood.losses),
        causes=tuple(causes),
        comparison=comparison,
    )


def first_difference(answer: Answer, generated: Side, stop: Stop) -> int | None:
    """Return the first token that is not as trained, None where all of the answer is.

    Of the trained end any stop will do; what follows it is not looked at.
    """
    expected, given = answer.expected.ids.tolist(), generated.ids.tolist()
    content = len(expected) - len(answer.stop.trained_end)
    pairs = zip(expected, given, strict=False)
    same = next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(expected), len(given)))
    if same < content:
        return same
    if not answer.stop.trained_end and answer.stop.ok:
        return None
    ended = len(given) - 1 if _ends(generated, stop) else None
    if ended is not None and content <= ended <= max(content, len(expected) - 1):
        return None
    return same


def mean(values: Sequence[float]) -> float:
    """Return the mean of losses, 0 of none."""
    return sum(values) / len(values) if values else 0.0


def _ends(generated: Side, stop: Stop) -> bool:
    return bool(len(generated)) and int(generated.ids[-1]) in stop.stop_ids


def _of_prompt(comparison: Comparison | None) -> list[Cause]:
    """Return what the diff names, each cause once."""
    found: dict[str, Cause] = {}
    for item in comparison.differences if comparison else ():
        found.setdefault(item.cause, Cause(item.cause, item.message, item.fix, item.proven))
    return list(found.values())


def _of_model(
    answer: Answer,
    generated: Side,
    likelihood: Likelihood,
    at: int,
    *,
    stop: Stop,
    overall: float,
) -> Cause:
    """Name why a model does not answer the very prompt that it was trained on."""
    if not answer.stop.ok and at >= len(answer.expected) - len(answer.stop.trained_end):
        return Cause(STOPSET, answer.stop.message, answer.stop.fix)
    if at == len(generated) and _ends(generated, stop):
        last = quoted("".join(generated.texts(at - 1, at)))
        return Cause(
            STOPSET,
            f"generation stops on {last} ({generated.ids[-1]}) inside of the answer; that stop "
            f"stands in {stop.from_where}",
            "take it out of eos_token_id there, or out of --stop",
        )
    if at < len(answer.trained) and not answer.trained[at]:
        text = quoted("".join(answer.expected.texts(at, at + 1)))
        return Cause(
            UNTRAINED,
            f"token {at} of the answer, {text}, is masked, so nothing taught the model to say it",
            "`inspect-tool why` names the rule that masks it",
        )
    if overall > LEARNED:
        return Cause(
            SAVED,
            f"the loaded model does not know its samples (loss {overall:.2g}): not all that was "
            "trained was saved, or the adapter's base is another one",
            "weights that are trained beside an adapter are saved with lora_modules_to_save; "
            "base_model_name_or_path in adapter_config.json names the base; look for missing keys "
            "in sanity.log",
        )
    if at >= len(likelihood.best) or likelihood.best[at] == int(answer.expected.ids[at]):
        return Cause(
            DECODING,
            "the model holds the expected token for the likeliest, and greedy generation took "
            "another",
            "look for repetition_penalty and the like in generation_config.json",
        )
    took = quoted("".join(generated.texts(at, at + 1))) if at < len(generated) else "an end"
    return Cause(
        UNLEARNED,
        f"token {at} is not learned: the model takes {took} for likelier "
        f"(loss {likelihood.losses[at]:.2g})",
        "train longer: --steps, or fewer samples",
    )
