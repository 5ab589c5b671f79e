"""D-STOPSET: what training teaches to end an answer with is not what ends generation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.prompts.diff.results import Stop

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspect_tool.prompts.inference.encoder import Encoder
    from inspect_tool.prompts.inference.stops import Stops


ANY_FIX = (
    "train the token that the template ends turns with: eot_tokens: [TOKEN] at the top of the "
    "YAML, or special_tokens: {eos_token: TOKEN}"
)
REACH = "axolotl looks for it at most 3 tokens after the content"


def judge_stop(
    trained_end: Sequence[int], stops: Stops, encoder: Encoder, *, masked_end: str = ""
) -> Stop:
    """Compare the trained end tokens with the stops of a target.

    ``masked_end`` is how the answer ends in the text where no end token is trained.
    """
    trained = tuple(trained_end)
    if any(item in stops.ids for item in trained):
        return Stop(trained, stops.ids, ok=True, from_where=stops.where)
    known = encoder.tokens(stops.ids) or "nothing"
    if not trained:
        return Stop(
            trained,
            stops.ids,
            ok=False,
            message=f"no end token is trained after the answer{_ending(masked_end)}; "
            f"generation stops on {known}",
            fix=_training_fix(masked_end, encoder),
            from_where=stops.where,
        )
    named = encoder.tokens(trained)
    ids = ", ".join(map(str, trained))
    return Stop(
        trained,
        stops.ids,
        ok=False,
        message=f"training ends answers with {named}; generation stops on {known} ({stops.where})",
        fix=f"stop on it: stop_token_ids: [{ids}] in the request, or add {ids} to eos_token_id of "
        "generation_config.json; to check with it, --stop TOKEN",
        from_where=stops.where,
    )


def _ending(masked_end: str) -> str:
    return f" ({masked_end} is masked)" if masked_end else ""


def _training_fix(masked_end: str, encoder: Encoder) -> str:
    """Say how the end of an answer gets trained."""
    if not masked_end:
        return ANY_FIX
    ids = encoder.ids(masked_end)
    if len(ids) > 1:
        return (
            f"{masked_end} is no token of this tokenizer: special_tokens: {{eos_token: "
            f'"{masked_end}"}} makes it one, with an adapter lora_modules_to_save: '
            "[embed_tokens, lm_head], too; or take a template made for this tokenizer"
        )
    if ids == [encoder.eos_id]:
        return f"train it: train_on_eos: turn in the dataset's entry ({REACH})"
    return f'train it: eot_tokens: ["{masked_end}"] at the top of the YAML ({REACH})'
