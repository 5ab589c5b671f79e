"""What must be fixed in a config so that one process and many compute the same numbers.

Each is random or depends on how many processes there are; none is what a rehearsal looks for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inspect_tool.errors import InspectError
from inspect_tool.runs.overrides.steps import MICRO_BATCH
from inspect_tool.scale.batch import accumulation_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from inspect_tool.runs.debug import DebugPlan
    from inspect_tool.runs.overrides.draft import Draft

ACCUMULATION = 2
"""Micro batches a step and process, at most: one that must be divided is seen with two."""
ROWS_IN_A_PACK = 2
"""Rows of a pack, at most: so the first rows of the data fill enough packs for several steps."""
TIMEOUT_SECONDS = 300
"""How long a rank waits for another one before it gives up."""

_SAMPLING = ("grpo", "gdpo", "ebft")
_NOISE = ("neftune_noise_alpha", "noisy_embedding_alpha")
_OTHER_PARALLELISM = (
    "context_parallel_size",
    "sequence_parallel_degree",
    "tensor_parallel_size",
    "expert_parallel_size",
)


def refuse_random(values: Mapping[str, Any]) -> None:
    """Raise InspectError for training that draws its own samples: no two runs of it are alike."""
    method = str(values.get("rl") or "")
    if method in _SAMPLING:
        raise InspectError(
            f"{method} trains on answers that it samples, so two runs never agree",
            place="rl",
            fix="rehearse the same config with a supervised or preference dataset",
        )


def fix(draft: Draft, base: DebugPlan) -> None:
    """Take out what is random beyond the seed, and what N processes would do otherwise."""
    random = "drawn anew on each process, so no two runs would agree"
    if draft.get("lora_dropout"):
        draft.set("lora_dropout", 0.0, random)
    for key in dropouts(base.model.tiny.config if base.model.tiny else {}):
        draft.set(f"overrides_of_model_config.{key}", 0.0, random)
    draft.remove(random, *_NOISE)
    if draft.get("group_by_length"):
        draft.set("group_by_length", False, "groups by accumulation, which differs by processes")
    if draft.get("sample_packing"):
        _fix_packs(draft)


def _fix_packs(draft: Draft) -> None:
    """Have one process and many fill the same packs: in random order each fills others."""
    draft.set("curriculum_sampling", True, "packs are filled in the order of the rows, not anew")
    small = "few rows fill several packs"
    draft.set("sample_packing_bin_size", ROWS_IN_A_PACK, small)
    if draft.get("sample_packing_sequentially"):
        draft.set("sample_packing_sequentially", False, f"{small}: it does not count them")
    draft.set("pad_to_sequence_len", False, "packs as long as their rows")


def packs(values: Mapping[str, Any]) -> bool:
    """Return whether rows are packed by the trainer's sampler, which is what can be rehearsed."""
    elsewhere = ("rl", "reward_model", "process_reward_model", "pretraining_dataset", "streaming")
    return bool(values.get("sample_packing")) and not any(values.get(key) for key in elsewhere)


def dropouts(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield the keys of a config.json that drop activations at random."""
    for key, value in config.items():
        is_rate = isinstance(value, int | float) and not isinstance(value, bool)
        if is_rate and value and key.endswith(("dropout", "pdrop", "dropout_prob")):
            yield key


def rehearsed_accumulation(values: Mapping[str, Any]) -> int:
    """Return the micro batches a step and process that a rehearsal takes, 1 or ACCUMULATION."""
    return max(1, min(accumulation_of(values), ACCUMULATION))


def most_rows(values: Mapping[str, Any]) -> int:
    """Return the rows that one process takes in a step of the rehearsal, at most."""
    in_a_row = ROWS_IN_A_PACK if packs(values) else 1
    return rehearsed_accumulation(values) * MICRO_BATCH * in_a_row


def left_out(values: Mapping[str, Any]) -> list[str]:
    """Name the keys of a parallelism that is not rehearsed."""
    sizes = ((key, values.get(key)) for key in _OTHER_PARALLELISM)
    return [key for key, size in sizes if isinstance(size, int) and size > 1]
