"""Configs as people write them, and the debug plans that follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from inspect_tool.runs.config import Config
from inspect_tool.runs.debug import DebugOptions, DebugPlan, plan_debug
from inspect_tool.runs.device import CPU, Device

if TYPE_CHECKING:
    from pathlib import Path

QLORA_2024 = """
base_model: org/model-7b
model_type: MistralForCausalLM
is_mistral_derived_model: true
load_in_4bit: true
datasets:
  - path: chats.jsonl
    type: sharegpt
    conversation: alpaca
dataset_prepared_path: last_run_prepared
val_set_size: 0.1
output_dir: ./out
hub_model_id: someone/model
adapter: qlora
lora_r: 32
lora_alpha: 16
sequence_len: 896
sample_packing: false
pad_to_sequence_len: true
lora_target_linear: true
wandb_project: project
wandb_entity: someone
gradient_accumulation_steps: 4
micro_batch_size: 16
eval_batch_size: 16
num_epochs: 3
optimizer: adamw_bnb_8bit
learning_rate: 0.0002
bf16: true
fp16: false
tf32: false
gradient_checkpointing: true
flash_attention: true
loss_watchdog_threshold: 5.0
warmup_steps: 20
evals_per_epoch: 4
saves_per_epoch: 6
fsdp:
"""
"""A QLoRA run of 2024 on Mistral, with what has been removed since."""

DEEPSPEED_2024 = """
base_model: org/model-7b
load_in_8bit: false
datasets:
  - path: rows.jsonl
    ds_type: json
    type:
      field_instruction: question
      field_input: context
      field_output: answer
      format: |-
        [INST] {input}
        {instruction} [/INST]
tokens: ["[INST]", " [/INST]"]
val_set_size: 0.05
output_dir: ./lora-out
adapter: lora
lora_r: 16
lora_alpha: 32
lora_target_linear: true
lora_modules_to_save: [embed_tokens, lm_head]
learning_rate: 0.0001
micro_batch_size: 32
gradient_accumulation_steps: 1
num_epochs: 4
bf16: auto
fp16: false
gradient_checkpointing: true
auto_resume_from_checkpoints: true
xformers_attention:
flash_attention: true
warmup_steps: 10
eval_steps: 0.05
deepspeed: /elsewhere/zero3_bf16.json
wandb_project:
"""
"""A LoRA run of 2024 under DeepSpeed."""


def plan(
    folder: Path,
    text: str,
    *,
    options: DebugOptions | None = None,
    device: Device = CPU,
) -> DebugPlan:
    """Write a config into ``folder``, where its paths start, and plan its debug run."""
    file = folder / "config.yml"
    file.write_text(text, "utf-8")
    config = Config.read(file)
    return plan_debug(config, cwd=folder, folder=folder / "run", options=options, device=device)


def derived(planned: DebugPlan) -> dict[str, Any]:
    """Return the values that axolotl will read."""
    read: dict[str, Any] = yaml.safe_load(planned.derived_yaml)
    return read


def reason(planned: DebugPlan, key: str) -> str:
    """Return the reason given for one changed key; fails if it is not changed."""
    return next(item.reason for item in planned.overrides if item.key == key)
