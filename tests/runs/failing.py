"""Configs that axolotl really fails on, one mistake each, and what is to be said of it."""

from __future__ import annotations

import copy
import json
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from tests.axolotl_runs import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

TOKENIZER = ROOT / "fixtures" / "built" / "chatml-bpe"
BASE: dict[str, Any] = {
    "base_model": str(TOKENIZER),
    "chat_template": "chatml",
    "datasets": [{"path": "DATA", "type": "chat_template"}],
    "sequence_len": 512,
    "seed": 42,
    "micro_batch_size": 2,
    "gradient_accumulation_steps": 1,
    "num_epochs": 1,
    "max_steps": 2,
    "learning_rate": 0.001,
    "optimizer": "adamw_torch",
    "lr_scheduler": "constant",
    "attn_implementation": "sdpa",
    "bf16": False,
    "fp16": False,
    "save_strategy": "no",
    "dataset_num_proc": 0,
    "dataloader_num_workers": 0,
    "dataloader_pin_memory": False,
    "lora_mlp_kernel": False,
    "lora_qkv_kernel": False,
    "lora_o_kernel": False,
    "lora_embedding_kernel": False,
}
LORA = {"adapter": "lora", "lora_r": 4, "lora_alpha": 8, "lora_target_linear": True}
ABSENT = object()


def talk(*turns: tuple[str, str]) -> str:
    """Return a row of a conversation."""
    messages = [{"role": role, "content": content} for role, content in turns]
    return json.dumps({"messages": messages}) + "\n"


GOOD = [talk(("user", f"q {number}"), ("assistant", f"a {number}")) for number in range(8)]
MUTE = [talk(("user", "a"), ("bot", "b"))] * 8
FROM_VALUE = [json.dumps({"messages": [{"from": "human", "value": "x"}]}) + "\n"]
NO_CONTENT = [json.dumps({"messages": [{"role": "user"}, {"role": "assistant"}]}) + "\n"]
BEYOND = [json.dumps({"input_ids": [1, 9**6], "labels": [1, 2], "attention_mask": [1, 1]}) + "\n"]


@dataclass(frozen=True)
class Case:
    """One mistake: keys changed (ABSENT removes one), the rows, and what is expected."""

    code: str
    key: str | None
    changes: Mapping[str, Any] = field(default_factory=dict)
    dataset: Mapping[str, Any] = field(default_factory=dict)
    rows: Sequence[str] = tuple(GOOD)
    model: Mapping[str, Any] | None = None
    """Changes of the base model's config.json; None takes the model as it is."""
    without: tuple[str, ...] = ()
    """Files missing from the base model's folder."""


def write(case: Case, folder: Path) -> Path:
    """Write the case's data, model and config into ``folder``; return the config."""
    data = folder / "data.jsonl"
    data.write_text("".join(case.rows), "utf-8")
    values = copy.deepcopy(BASE)
    values["datasets"][0] |= {"path": str(data), **case.dataset}
    values |= {"output_dir": str(folder / "out"), "dataset_prepared_path": str(folder / "prepared")}
    if case.model is not None or case.without:
        values["base_model"] = str(_model(case, folder / "model"))
    values |= case.changes
    entries = [_present(entry) for entry in values["datasets"]]
    config = folder / "config.yml"
    text = yaml.safe_dump({**_present(values), "datasets": entries}, sort_keys=False)
    config.write_text(text.replace("FOLDER", str(folder)), "utf-8")
    return config


def _model(case: Case, folder: Path) -> Path:
    shutil.copytree(TOKENIZER, folder)
    written = folder / "config.json"
    values = json.loads(written.read_text("utf-8")) | dict(case.model or {})
    written.write_text(json.dumps(values), "utf-8")
    for name in case.without:
        (folder / name).unlink()
    return folder


def _present(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not ABSENT}


def _ds(code: str, key: str | None, rows: Sequence[str] = tuple(GOOD), **dataset: Any) -> Case:
    return Case(code, key, dataset=dataset, rows=rows)


def _keys(code: str, key: str | None, **changes: Any) -> Case:
    return Case(code, key, changes)


PREPARING = {
    "a file that is not there": _ds("F-DATA-MISSING", "datasets.0.path", path="nowhere.jsonl"),
    "a dataset of the Hub, offline": _ds("F-DATA-MISSING", "datasets.0.path", path="no/thing"),
    "broken JSON": _ds("F-DATA-JSON", "datasets.0.path", ["{]\n"]),
    "an empty file": _ds("F-DATA-EMPTY", "datasets.0.path", [""]),
    "blank lines": _ds("F-DATA-EMPTY", "datasets.0.path", ["\n", " \n"]),
    "no such split": _ds("F-DATA-SPLIT", "datasets.0.split", split="nosuch"),
    "no messages": _ds("F-DATA-MESSAGES", "datasets.0.field_messages", ['{"text": "a"}\n']),
    "messages as text": _ds("F-DATA-MESSAGES", "datasets.0.field_messages", ['{"messages":"a"}\n']),
    "from and value": _ds("F-DATA-ROLES", "datasets.0.message_property_mappings", FROM_VALUE),
    "no content": _ds("F-DATA-ROLES", "datasets.0.message_property_mappings", NO_CONTENT),
    "no instruction": _ds("F-DATA-FIELD", "datasets.0.type", ['{"q": "a"}\n'], type="alpaca"),
    "no such type": _ds("F-DATA-TYPE", "datasets.0.type", type="no_such"),
    "sharegpt": _ds("F-CONFIG", "datasets", type="sharegpt"),
    "no such preference type": Case(
        "F-DATA-TYPE", "datasets.0.type", {"rl": "dpo"}, {"type": "nosuch.kind"}
    ),
    "two kinds of columns": _keys(
        "F-DATA-FEATURES",
        "datasets",
        datasets=[
            {"path": "FOLDER/data.jsonl", "type": "chat_template"},
            {"path": str(ROOT / "fixtures/data/tokens.jsonl"), "ds_type": "json"},
        ],
    ),
    "rows that are too long": _keys(
        "F-DATA-LONG", "excess_length_strategy", excess_length_strategy="raise", sequence_len=8
    ),
    "nothing left": _keys("F-DATA-ALL-DROPPED", "sequence_len", sequence_len=4),
    "one row": _ds("F-DATA-SMALL", "datasets", GOOD[:1]),
    "nothing trained": Case(
        "F-NOTHING-TRAINED", "datasets.0.roles_to_train", {"sample_packing": True}, rows=MUTE
    ),
    "val_set_size 1": _keys("F-VAL-SIZE", "val_set_size", val_set_size=1),
    "no template": Case(
        "F-NO-TEMPLATE",
        "chat_template",
        {
            "chat_template": "tokenizer_default",
            "base_model": str(ROOT / "fixtures/built/mistral-7b-v0.1"),
        },
    ),
    "a template's token": _keys("F-TEMPLATE-TOKEN", "chat_template", chat_template="llama3"),
    "a template that refuses": Case(
        "F-TEMPLATE-REFUSED",
        "chat_template",
        {
            "chat_template": "mistral_v1",
            "base_model": str(ROOT / "fixtures/built/mistral-7b-v0.1"),
        },
        rows=[talk(("user", "a"), ("user", "b"), ("assistant", "c"))],
    ),
    "Jinja that is none": _keys(
        "F-TEMPLATE-SYNTAX",
        "chat_template_jinja",
        chat_template="jinja",
        chat_template_jinja="{% for m in messages %}{{ m.role }",
    ),
    "no such template": _keys("F-CONFIG", "chat_template", chat_template="nosuch"),
    "a turn's end of many tokens": _keys(
        "F-END-TOKEN",
        "eot_tokens",
        eot_tokens=["not one token"],
        chat_template="jinja",
        chat_template_jinja="{% for m in messages %}{{ m.content }}not one token{% endfor %}",
    ),
    "a number that is none": _keys("F-CONFIG", "learning_rate", learning_rate="fast"),
    "a number left out": _keys("F-CONFIG-BATCH", "micro_batch_size", micro_batch_size=None),
    "a key of the past": _keys("F-CONFIG-OLD", "rope_scaling", rope_scaling={"factor": 2}),
    "two keys that need each other": _keys(
        "F-CONFIG", "early_stopping_patience", early_stopping_patience=2
    ),
    "a model of the Hub, offline": _keys("F-OFFLINE", "base_model", base_model="no/thing"),
    "a folder that is not there": _keys("F-MODEL-NAME", "base_model", base_model="./no/such/one"),
    "a tokenizer class": _keys("F-TOKENIZER", "tokenizer_type", tokenizer_type="NoTokenizer"),
    "no tokenizer": Case(
        "F-TOKENIZER",
        "base_model",
        without=("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"),
    ),
    "an unknown architecture": Case("F-ARCHITECTURE", "base_model", model={"model_type": "nosuch"}),
    "no config.json": Case(
        "F-ARCHITECTURE",
        "base_model",
        {"tokenizer_config": str(TOKENIZER)},
        without=("config.json",),
    ),
    "code of its own": Case(
        "F-REMOTE-CODE",
        "base_model",
        model={"model_type": "own", "auto_map": {"AutoConfig": "own.Config"}},
    ),
    "tokens without embeddings": _keys("F-NEW-TOKENS", "tokens", tokens=["<new>"], **LORA),
    "not a GPTQ model": _keys("F-QUANTIZED", "gptq", gptq=True, **LORA),
    "no DeepSpeed": _keys("F-NO-DEEPSPEED", "deepspeed", deepspeed="zero3.json"),
    "an output that cannot be": _keys("F-NO-FILE", "output_dir", output_dir="/proc/nosuch"),
}
"""What `axolotl preprocess` fails on."""

TRAINING = {
    "bfloat16 on a CPU": _keys("F-BF16", "bf16", bf16=True),
    "TF32 on a CPU": _keys("F-TF32", "tf32", tf32=True),
    "half precision on a CPU": _keys("F-PRECISION", "fp16", fp16=True),
    "flash attention": _keys(
        "F-ATTENTION", "attn_implementation", attn_implementation="flash_attention_2"
    ),
    "LoRA kernels on a CPU": _keys(
        "F-NO-CUDA",
        "lora_mlp_kernel",
        **LORA,
        lora_mlp_kernel=True,
        lora_qkv_kernel=True,
        lora_o_kernel=True,
    ),
    "Liger on a CPU": _keys(
        "F-NO-CUDA",
        "plugins",
        plugins=["axolotl.integrations.liger.LigerPlugin"],
        liger_rms_norm=True,
    ),
    "a limit of GPU memory": _keys("F-NO-GPU", "gpu_memory_limit", gpu_memory_limit=10),
    "more memory than there is": _keys(
        "F-HOST-MEMORY",
        "overrides_of_model_config",
        reinit_weights=True,
        micro_batch_size=ABSENT,
        sequence_len=ABSENT,
        overrides_of_model_config={"hidden_size": 2**36, "head_dim": 2**34},
    ),
    "no weights": Case("F-NO-WEIGHTS", "base_model", without=("model.safetensors",)),
    "a token id too large": Case(
        "F-TOKEN-ID", "datasets", dataset={"type": ABSENT, "ds_type": "json"}, rows=BEYOND * 6
    ),
    "no checkpoint": _keys(
        "F-CHECKPOINT", "resume_from_checkpoint", resume_from_checkpoint="/no/checkpoint-1"
    ),
    "no adapter": _keys("F-ADAPTER-FOLDER", "lora_model_dir", lora_model_dir="/no/adapter", **LORA),
    "layers of another model": _keys(
        "F-LORA-TARGET",
        "lora_target_modules",
        **{**LORA, "lora_target_linear": ABSENT},
        lora_target_modules=["nosuch_proj"],
    ),
    "no such optimizer": _keys("F-OPTIMIZER", "optimizer", optimizer="nosuch"),
    "an optimizer's package": _keys("F-OPTIMIZER", "optimizer", optimizer="came_pytorch"),
    "no ray": _keys("F-NO-PACKAGE", "use_ray", use_ray=True),
    "no key for wandb": _keys("F-TRACKER-LOGIN", "wandb_project", wandb_project="mine"),
    "no mlflow": _keys("F-TRACKER", "mlflow_experiment_name", mlflow_experiment_name="mine"),
    "a repository on the Hub": _keys("F-HUB-PUSH", "hub_model_id", hub_model_id="me/mine"),
    "FSDP in one process": _keys(
        "F-ONE-PROCESS", "fsdp_config", fsdp_version=2, fsdp_config={"offload_params": False}
    ),
    "tensor parallel in one process": _keys(
        "F-ONE-PROCESS", "tensor_parallel_size", tensor_parallel_size=2
    ),
    "no row fits": _keys("F-DATA-ALL-DROPPED", "sequence_len", sequence_len=-1),
}
"""What `axolotl train` fails on, without a GPU."""

ENDING = {
    "a loss that is not finite": _keys(
        "F-LOSS-NAN", "learning_rate", learning_rate=1e30, max_grad_norm=0
    ),
    "no token trained": Case("F-NOTHING-TRAINED", "datasets.0.roles_to_train", rows=MUTE),
    "no whole batch": Case(
        "F-NO-STEPS", "sample_packing", {"sample_packing": True, "micro_batch_size": 4}
    ),
    "a plugin that is not there": _keys("F-PLUGIN", "plugins.0", plugins=["nosuch.Plugin"]),
    "a loss too high": _keys(
        "F-WATCHDOG",
        "loss_watchdog_threshold",
        loss_watchdog_threshold=1.0,
        loss_watchdog_patience=1,
        max_steps=4,
    ),
}
"""What `axolotl train` ends well on, though nothing is well."""
