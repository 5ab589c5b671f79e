"""Keys of fsdp_config that axolotl reads and does not pass on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tool.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.scale.preflight.case import Case

CODES: Final = ("P-FSDP-RESHARD",)


def look(case: Case) -> Iterator[Finding]:
    """A false ``reshard_after_forward`` sets no variable, and accelerate's default is true.

    From axolotl 0.19 utils/trainer.py setup_fsdp_envs and accelerate's plugin.
    """
    facts = case.answers.fsdp if case.answers else None
    if facts is not None and not facts.reshard:
        return
    if case.fsdp.get("reshard_after_forward") is False and case.fsdp["fsdp_version"] != 1:
        yield Finding(
            code="P-FSDP-RESHARD",
            severity="warning",
            message="reshard_after_forward: false is not passed on to accelerate: weights are "
            "freed after each forward and gathered again, slower than you asked for and smaller",
            key="fsdp_config.reshard_after_forward",
            fix="set FSDP_RESHARD_AFTER_FORWARD=false in the launch's environment",
        )
