"""Keys that axolotl has removed or renamed since a config was written, as it wants them today.

Translated where the meaning is certain; where it is not, a finding names the key and the fix.
Sources: axolotl 0.19's own refusals (utils/schemas/deprecated.py, validation.py) and what the
removed strategies read (prompt_strategies/sharegpt.py up to 0.4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inspect_tool.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.runs.overrides.draft import Draft

RENAMED = {
    "dpo_beta": "rl_beta",
    "noisy_embedding_alpha": "neftune_noise_alpha",
    "evaluation_strategy": "eval_strategy",
    "dataset_processes": "dataset_num_proc",
    "pretrain_multipack_buffer_size": "streaming_multipack_buffer_size",
    "sequence_parallel_degree": "context_parallel_size",
    "model_config": "overrides_of_model_config",
    "type_of_model": "model_type",
}
REMOVED = {
    "max_packed_sequence_len": "axolotl refuses it; sample_packing: true packs to sequence_len",
    "s2_attention": "axolotl has dropped shifted-sparse attention",
    "flash_attn_rms_norm": "axolotl refuses it",
    "dpo_use_logits_to_keep": "TRL has dropped it",
    "dpo_generate_during_eval": "TRL has dropped it",
    "unsloth_cross_entropy_loss": "axolotl refuses it",
    "unsloth_lora_mlp": "lora_mlp_kernel took its place",
    "unsloth_lora_qkv": "lora_qkv_kernel took its place",
    "unsloth_lora_o": "lora_o_kernel took its place",
    "unsloth_rms_norm": "axolotl refuses it",
    "unsloth_rope": "axolotl refuses it",
}
UNCERTAIN = {
    "rpo_alpha": "TRL has dropped it: write dpo_loss_type: [sigmoid, sft] with dpo_loss_weights",
    "dpo_norm_loss": "TRL has dropped it, and nothing takes its place",
}
"""Removed keys whose effect on the loss nothing else has for certain."""

TEMPLATES = {
    "alpaca": "alpaca",
    "chatml": "chatml",
    "chatml_system": "chatml",
    "llama3": "llama3",
    "llama-3": "llama3",
    "llama-3.1": "llama3",
    "mistral": "mistral_v1",
    "gemma": "gemma",
    "phi-3": "phi_3",
}
"""FastChat's conversation names whose turns axolotl has a template for."""
OLD_TEMPLATES = {"inst": "mistral_v1", "llama-3": "llama3", "phi3": "phi_3", "phi-3": "phi_3"}
"""Earlier names of axolotl's own templates."""
_TOKENS = "a mapping of tokens by their role is called special_tokens now"
_FROM_VALUE = {"role": "from", "content": "value"}
_ROLE_VALUE = {"role": "role", "content": "value"}
_ROLE_CONTENT = {"role": "role", "content": "content"}
SHAREGPT = {
    "sharegpt": ("conversations", _FROM_VALUE),
    "sharegpt:chat": ("conversations", _FROM_VALUE),
    "sharegpt.load_role": ("conversations", _ROLE_VALUE),
    "sharegpt.load_ultrachat": ("messages", _ROLE_CONTENT),
    "sharegpt_simple": ("conversations", _FROM_VALUE),
    "sharegpt_simple.load_role": ("conversations", _ROLE_VALUE),
}
"""Strategy: the column that holds the turns, and the names inside a turn."""


def translate(draft: Draft) -> tuple[Finding, ...]:
    """Bring ``draft`` up to date; return what needs a person's decision."""
    findings = [*_keys(draft)]
    for key in ("datasets", "test_datasets"):
        entries = draft.get(key)
        if isinstance(entries, list):
            for index, entry in enumerate(entries):
                if isinstance(entry, dict):
                    findings += _dataset(draft, f"{key}.{index}")
    return tuple(findings)


def _keys(draft: Draft) -> Iterator[Finding]:
    for old, new in RENAMED.items():
        value = draft.get(old)
        if value is not None and draft.get(new) is None:
            draft.set(new, value, f"{old} is called so now")
        draft.remove(f"{new} is its name now", old)
    for old, reason in REMOVED.items():
        draft.remove(reason, old)
    for old, fix in UNCERTAIN.items():
        if draft.get(old) is not None:
            draft.remove(fix, old)
            yield _doubt(old, f"{old} is no longer supported; the run goes without it", fix)
    scaling = draft.get("rope_scaling")
    if scaling:
        draft.set("overrides_of_model_config.rope_scaling", scaling, "a key of the model's config")
        draft.remove("it is below overrides_of_model_config now", "rope_scaling")
    tokens = draft.get("tokens")
    if isinstance(tokens, dict):
        given = draft.get("special_tokens")
        both = {**tokens, **given} if isinstance(given, dict) else tokens
        draft.set("special_tokens", both, _TOKENS)
        draft.remove(_TOKENS, "tokens")
    if draft.get("gradient_checkpointing") == "unsloth":
        draft.set("gradient_checkpointing", True, "axolotl has dropped unsloth's")
    if draft.get("bf16") == "full":
        draft.set("bf16", True, "`full` is not a value any more")
    template = draft.get("chat_template")
    if isinstance(template, str) and template in OLD_TEMPLATES:
        draft.set("chat_template", OLD_TEMPLATES[template], "the template's name now")


def _dataset(draft: Draft, place: str) -> Iterator[Finding]:
    kind = draft.get(f"{place}.type")
    if not (isinstance(kind, str) and kind.startswith("sharegpt")):
        return
    strategy, _, named = kind.partition(":")
    name = strategy if strategy in SHAREGPT else "sharegpt"
    column, mapping = SHAREGPT[name]
    reason = "axolotl has removed sharegpt; chat_template reads the same conversations"
    draft.set(f"{place}.type", "chat_template", reason)
    field = draft.get(f"{place}.field")
    draft.set(f"{place}.field_messages", field or column, reason)
    draft.remove("field_messages says it now", f"{place}.field")
    draft.set(f"{place}.message_property_mappings", dict(mapping), reason)
    _roles(draft, place)
    if strategy not in SHAREGPT:
        yield _doubt(
            f"{place}.type",
            f"{kind} was a variant of sharegpt; it is read as plain from/value conversations",
            "set field_messages, message_property_mappings and roles as your data has them",
        )
    yield from _conversation(draft, place, draft.get(f"{place}.conversation") or named)


def _roles(draft: Draft, place: str) -> None:
    given: dict[str, Any] = {
        "user": draft.get(f"{place}.field_human"),
        "assistant": draft.get(f"{place}.field_model"),
    }
    roles = {role: [name] for role, name in given.items() if name}
    if roles:
        draft.set(f"{place}.roles", roles, "roles names the speakers now")
    draft.remove("roles says it now", f"{place}.field_human", f"{place}.field_model")


def _conversation(draft: Draft, place: str, conversation: Any) -> Iterator[Finding]:
    draft.remove("chat_template says it now", f"{place}.conversation")
    if draft.get(f"{place}.chat_template"):
        return
    template = TEMPLATES.get(str(conversation).lower())
    if template:
        draft.set(f"{place}.chat_template", template, f"axolotl's template for {conversation}")
    elif conversation and str(conversation) != "chat":
        yield _doubt(
            f"{place}.conversation",
            f"conversation: {conversation} has no template of that name in axolotl now",
            "write its turns as chat_template_jinja, or choose another chat_template",
        )
    elif not draft.get("chat_template"):
        yield _doubt(
            f"{place}.type",
            "sharegpt used Vicuna's prompt unless told otherwise; the tokenizer's own is used now",
            "set chat_template to what the model should learn",
        )
    if not template and not draft.get("chat_template"):
        fallback = "tokenizer_default_fallback_chatml"
        draft.set(f"{place}.chat_template", fallback, "some template is needed")


def _doubt(key: str, message: str, fix: str) -> Finding:
    return Finding(code="P-OLD-KEY", severity="warning", message=message, key=key, fix=fix)
