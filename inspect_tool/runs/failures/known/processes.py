"""What goes wrong around many processes, ports and sharding."""

from __future__ import annotations

from inspect_tool.runs.failures.known.rule import Rule, Source, said

RULES = (
    Rule(
        code="F-PORT",
        pattern=said(
            r"Address already in use|EADDRINUSE|\[Errno (?:98|48)\]|Can't listen for client"
        ),
        cause="a port is in use by another program",
        fix="end that program, or choose another port (--port 0 takes a free one); for ranks "
        "--main_process_port",
        where="line",
        source=Source(
            "torch", "distributed/elastic/utils/distributed.py", "Address already in use"
        ),
    ),
    Rule(
        code="F-ONE-PROCESS",
        pattern=said(
            r"Using fsdp only works in distributed training|"
            r"environment variable \w+ expected, but not set|Mesh should not be bigger than"
        ),
        cause="the config shards over several processes, and there is one (or too few)",
        fix="start as many with accelerate, or remove fsdp_config and the _parallel_size and "
        "dp_shard_size keys; a debug run does",
        keys=(
            "fsdp_config",
            "fsdp",
            "dp_shard_size",
            "dp_replicate_size",
            "tensor_parallel_size",
            "context_parallel_size",
        ),
    ),
    Rule(
        code="F-FSDP-LAYER",
        pattern=said(r"Could not find the transformer layer class (?P<value>\S+)"),
        cause="the model has no layer class {value} to wrap",
        fix="leave transformer_layer_cls_to_wrap out: the model's own _no_split_modules are used",
        keys=("fsdp_config.transformer_layer_cls_to_wrap", "fsdp_config"),
        source=Source(
            "accelerate", "utils/dataclasses.py", "Could not find the transformer layer class"
        ),
    ),
    Rule(
        code="F-FSDP-CHECKPOINTING",
        pattern=said(r"The activation_checkpointing in FSDP config and the gradient_checkpointing"),
        cause="activations are checkpointed twice, by FSDP and by the trainer",
        fix="keep one of fsdp_config.activation_checkpointing and gradient_checkpointing",
        keys=("fsdp_config.activation_checkpointing", "gradient_checkpointing"),
        source=Source("transformers", "trainer.py", "The activation_checkpointing in FSDP config"),
    ),
    Rule(
        code="F-SAVE-ONLY-MODEL",
        pattern=said(r"can't be used with `save_only_model` along with `load_best_model_at_end`"),
        cause="save_only_model and load_best_model_at_end exclude each other under sharding",
        fix="remove one of them",
        keys=("save_only_model", "load_best_model_at_end"),
        source=Source("transformers", "trainer.py", "can't be used with `save_only_model` along"),
    ),
    Rule(
        code="F-FSDP-DEEPSPEED",
        pattern=said(r"Using --fsdp xxx together with --deepspeed is not possible"),
        cause="the config names both FSDP and DeepSpeed",
        fix="keep one of fsdp_config and deepspeed",
        keys=("deepspeed", "fsdp_config"),
        source=Source("transformers", "trainer.py", "Using --fsdp xxx together with --deepspeed"),
    ),
    Rule(
        code="F-DEEPSPEED-VALUES",
        pattern=said(r"correct the following DeepSpeed config values that mismatch"),
        cause="the DeepSpeed file and the config disagree on a value",
        fix='write "auto" for it in the DeepSpeed file',
        keys=("deepspeed",),
        source=Source("transformers", "integrations/deepspeed.py", "Please correct the following"),
    ),
    Rule(
        code="F-DEEPSPEED-FILE",
        pattern=said(r"Expected a string path to an existing deepspeed config"),
        cause="the DeepSpeed file is not there, or no JSON",
        fix="`axolotl fetch deepspeed_configs` brings them; paths start from where axolotl runs",
        keys=("deepspeed",),
        source=Source(
            "accelerate", "utils/deepspeed.py", "Expected a string path to an existing deepspeed"
        ),
    ),
    Rule(
        code="F-DEEPSPEED-ONE",
        pattern=said(r"'DummyOptim' object has no attribute 'step'|No module named 'mpi4py'"),
        cause="DeepSpeed was asked for, and the run was not started by a launcher",
        fix="remove deepspeed to train on one GPU, or start with accelerate",
        keys=("deepspeed",),
        source=Source("accelerate", "utils/deepspeed.py", "class DummyOptim"),
    ),
    Rule(
        code="F-ACCELERATE-FILE",
        pattern=said(r"stat: path should be string, bytes, os\.PathLike or integer, not NoneType"),
        frame="accelerate/utils/deepspeed.py",
        cause="accelerate's own config file turns DeepSpeed on, and the YAML names no file for it",
        fix="pass --config_file made for this run, or remove accelerate's default_config.yaml",
        keys=("deepspeed",),
    ),
    Rule(
        code="F-ACCELERATE-FILE",
        pattern=said(r"UnboundLocalError: .*'state_dict_type'"),
        cause="accelerate's own config file turns FSDP on, and the YAML has no fsdp_config",
        fix="pass --config_file made for this run, or remove accelerate's default_config.yaml",
        keys=("fsdp_config",),
        source=Source("axolotl", "train.py", "state_dict_type"),
    ),
    Rule(
        code="F-TIMEOUT",
        pattern=said(r"Watchdog caught collective operation timeout"),
        cause="the ranks waited for each other too long: one tokenised, was stopped at a "
        "breakpoint, or hung",
        fix="prepare the dataset before (`axolotl preprocess`), raise ddp_timeout, and see which "
        "rank's log stops first",
        keys=("ddp_timeout", "dataset_prepared_path"),
        where="line",
    ),
)
