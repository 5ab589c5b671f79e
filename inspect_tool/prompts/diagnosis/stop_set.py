"""D-STOPSET: what training teaches to end an answer with is not what ends generation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.prompts.diff.results import Stop

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspect_tool.prompts.inference.encoder import Encoder
    from inspect_tool.prompts.inference.stops import Stops


def judge_stop(trained_end: Sequence[int], stops: Stops, encoder: Encoder) -> Stop:
    """Compare the trained end tokens with the stops of a target."""
    trained = tuple(trained_end)
    if any(item in stops.ids for item in trained):
        return Stop(trained, stops.ids, ok=True, from_where=stops.where)
    known = encoder.tokens(stops.ids) or "nothing"
    if not trained:
        return Stop(
            trained,
            stops.ids,
            ok=False,
            message=f"no end token is trained after the answer; generation stops on {known}",
            fix="train the token that the template ends turns with: eot_tokens: [TOKEN] at the top "
            "of the YAML, or special_tokens: {eos_token: TOKEN}",
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
