"""What a DeepSpeed config says of batches, rates and precision, against the YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from inspect_tool.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from inspect_tool.scale.preflight.case import Case

CODES: Final = ("P-DS-BATCH", "P-DS-AUTO")

SAME: Final = "Please correct the following DeepSpeed config values"
"""How transformers begins to tell what differs, which is told here key by key."""
AUTO: Final = (
    "bf16.enabled",
    "fp16.enabled",
    "gradient_accumulation_steps",
    "gradient_clipping",
    "optimizer.params",
    "scheduler.params",
    "train_batch_size",
    "train_micro_batch_size_per_gpu",
    "zero_optimization.offload_optimizer",
    "zero_optimization.offload_param",
    "zero_optimization.reduce_bucket_size",
    "zero_optimization.stage",
    "zero_optimization.stage3_gather_16bit_weights_on_model_save",
    "zero_optimization.stage3_param_persistence_threshold",
    "zero_optimization.stage3_prefetch_bucket_size",
)
"""Where transformers (integrations/deepspeed.py) and accelerate's plugin fill ``auto`` in."""


def look(case: Case) -> Iterator[Finding]:
    """Each value is ``auto`` or the YAML's; transformers refuses others inside train().

    What DeepSpeed's own classes say is told too, where the package is installed.
    """
    content = case.deepspeed.content if case.deepspeed else None
    if content is None:
        return
    differ = False
    for key, theirs, ours, name in _compared(case, content):
        if theirs is not None and theirs != "auto" and not _equal(theirs, ours):
            differ = True
            yield Finding(
                code="P-DS-BATCH",
                severity="error",
                message=f"the DeepSpeed config says {key} {theirs!r}, the YAML makes it {ours!r} "
                f"({name}): refused once training starts",
                key=name,
                fix=f'"{key}": "auto" in the DeepSpeed config',
            )
    left = [key for key in _autos(content) if not key.startswith(AUTO)]
    if left:
        yield Finding(
            code="P-DS-AUTO",
            severity="warning",
            message=f'nothing fills in "auto" for {", ".join(left)}',
            key="deepspeed",
            fix="write a value, or take it out for DeepSpeed's default",
        )
    for text in (case.answers.deepspeed if case.answers else None) or ():
        if differ and text.startswith(SAME):
            continue
        yield Finding(
            code="P-DS-BATCH",
            severity="error",
            message=f"DeepSpeed refuses it: {text}",
            key="deepspeed",
            fix='"auto" for what the YAML decides',
        )


def _compared(case: Case, content: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any, str]]:
    values, recipe = case.values, case.recipe
    norm = values.get("max_grad_norm")
    bf16 = bool(values.get("bf16") or values.get("bfloat16"))
    total = recipe.micro * recipe.accumulation * case.fleet.processes
    expected = {
        "train_micro_batch_size_per_gpu": (recipe.micro, "micro_batch_size"),
        "gradient_accumulation_steps": (recipe.accumulation, "gradient_accumulation_steps"),
        "train_batch_size": (total, "micro_batch_size"),
        "gradient_clipping": (1.0 if norm is None else norm, "max_grad_norm"),
        "bf16.enabled": (bf16, "bf16"),
        "fp16.enabled": (bool(values.get("fp16")) and not bf16, "fp16"),
        "optimizer.params.lr": (recipe.learning_rate, "learning_rate"),
        "scheduler.params.warmup_max_lr": (recipe.learning_rate, "learning_rate"),
    }
    for key, (ours, name) in expected.items():
        yield key, _at(content, key), ours, name


def _at(content: Mapping[str, Any], key: str) -> Any:
    found: Any = content
    for part in key.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _equal(theirs: Any, ours: Any) -> bool:
    try:
        return bool(float(theirs) == float(ours))
    except (TypeError, ValueError):
        return bool(theirs == ours)


def _autos(content: Any, prefix: str = "") -> Iterator[str]:
    for key, value in content.items():
        if value == "auto":
            yield f"{prefix}{key}"
        elif isinstance(value, dict):
            yield from _autos(value, f"{prefix}{key}.")
