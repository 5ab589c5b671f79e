"""Keys that axolotl refuses in its own words, and runs that a key ended early."""

from __future__ import annotations

from inspect_tool.runs.failures.known.rule import Rule, Source, said

RULES = (
    Rule(
        code="F-CONFIG-OLD",
        pattern=said(
            r"^DeprecationWarning: `(?P<key>\w+)` (?P<what>is no longer supported[^\n]*|[^\n]*)"
        ),
        cause="axolotl does not take {key} any more: it {what}",
        fix="`inspect-tool debug --dry-run` translates what it can",
        keys=("{key}",),
    ),
    Rule(
        code="F-CONFIG-BATCH",
        pattern=said(r"unsupported operand type\(s\) for \*: 'NoneType' and 'int'"),
        frame="axolotl/utils/config/",
        cause="micro_batch_size or gradient_accumulation_steps is written without a value",
        fix="give it a number, or remove the line",
        keys=("micro_batch_size", "gradient_accumulation_steps", "batch_size"),
    ),
    Rule(
        code="F-WATCHDOG",
        pattern=said(r"Loss is too high, stopping training"),
        cause="the loss passed loss_watchdog_threshold, and axolotl ended the run early",
        fix="lower learning_rate or warm up longer, or raise the threshold",
        keys=("loss_watchdog_threshold", "learning_rate"),
        where="end",
        source=Source("axolotl", "utils/callbacks/__init__.py", "Loss is too high"),
    ),
)
