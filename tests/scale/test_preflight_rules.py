"""The preflight's rules one by one: what each finds, and where it stays silent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from inspect_tool.runs.doctor.machine import Gpu
from inspect_tool.scale.answers import FsdpFacts
from inspect_tool.scale.data import Data
from inspect_tool.scale.preflight.run import preflight
from inspect_tool.scale.surroundings import AccelerateDefault
from tests.scale.cases import (
    ANSWERED,
    AROUND,
    FILE,
    FSDP,
    PREPARED,
    ZERO3,
    accelerate,
    case,
    found,
    fsdp,
    packed,
    rows,
    variable,
    zero,
)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"distributed_type": "NO"}, "one process"),
        ({"num_processes": 4}, "starts 4 processes"),
        ({"distributed_type": "FSDP"}, "when the model is saved"),
        ({"distributed_type": "DEEPSPEED"}, "names no DeepSpeed config"),
        ({"use_cpu": True}, "CPU"),
        ({"num_machines": 2}, "2 machines"),
        ({"mixed_precision": "fp16"}, "overruled"),
        ({}, "nothing in it disagrees"),
    ],
)
def test_a_default_accelerate_config_is_held_against_the_yaml(
    content: dict[str, Any], says: str
) -> None:
    """What in it disagrees is said, with the file; it is not touched."""
    (finding,) = found(case(around=accelerate(**content)), "P-STALE-ACCEL")

    assert says in finding.message
    assert str(FILE) in finding.evidence


def test_a_default_accelerate_config_that_cannot_be_read_is_an_error() -> None:
    """No launch would get past it."""
    around = replace(AROUND, accelerate=AccelerateDefault(FILE, None))

    assert found(case(around=around), "P-STALE-ACCEL")[0].severity == "error"


@pytest.mark.parametrize(
    ("name", "value", "severity"),
    [
        ("ACCELERATE_USE_DEEPSPEED", "true", "error"),
        ("ACCELERATE_USE_CPU", "1", "error"),
        ("ACCELERATE_USE_FSDP", "false", "info"),
        ("ACCELERATE_MIXED_PRECISION", "fp16", "warning"),
        ("FSDP_OFFLOAD_PARAMS", "true", "info"),
        ("WORLD_SIZE", "2", "warning"),
        ("AXOLOTL_NCCL_TIMEOUT", "60", "warning"),
    ],
)
def test_left_over_variables(name: str, value: str, severity: str) -> None:
    """Each is named with what to do; how bad it is depends on what it turns on."""
    (finding,) = found(case(around=variable(name, value)), "P-ENV")

    assert (finding.severity, finding.fix) == (severity, f"unset {name}")


def test_a_variable_that_fsdp_would_heed_is_a_warning() -> None:
    """Axolotl leaves those alone that the YAML does not turn on."""
    around = variable("FSDP_OFFLOAD_PARAMS")

    assert found(case(**FSDP, around=around), "P-ENV")[0].severity == "warning"


@pytest.mark.parametrize(
    ("bf16", "count"),
    [({"enabled": True}, 0), ({"enabled": False}, 0), ({"enabled": "auto"}, 1), ({}, 1), (None, 1)],
)
def test_zero_3_needs_an_explicit_bf16(bf16: dict[str, Any] | None, count: int) -> None:
    """`auto` is filled in too late, and left out is float32."""
    assert len(found(case(**zero(bf16=bf16)), "P-ZERO3-DTYPE")) == count


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("train_batch_size", 8),
        ("gradient_accumulation_steps", 1),
        ("gradient_clipping", 0.3),
        ("fp16", {"enabled": True}),
        ("optimizer", {"type": "AdamW", "params": {"lr": 0.5}}),
    ],
)
def test_deepspeed_and_the_yaml_disagree(key: str, value: Any) -> None:
    """Each value that is neither auto nor the YAML's is an error."""
    assert found(case(**zero(**{key: value})), "P-DS-BATCH")


def test_deepspeed_may_say_what_the_yaml_says() -> None:
    """Equal values are no conflict, whatever their type."""
    same: dict[str, Any] = {
        "train_batch_size": 64,
        "gradient_accumulation_steps": 4,
        "gradient_clipping": 1,
    }

    assert not found(case(**zero(**same)), "P-DS-BATCH")


def test_deepspeed_s_own_refusal_is_handed_on() -> None:
    """Where it is installed its classes were asked."""
    answers = replace(ANSWERED, deepspeed=("stage 5 is none",))

    assert "stage 5" in found(case(**ZERO3, answers=answers), "P-DS-BATCH")[0].message


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"batch_size": 16, "gradient_accumulation_steps": ...}, "trains 2 rows"),
        ({"batch_size": 1, "gradient_accumulation_steps": None}, "ZeroDivisionError"),
        ({"batch_size": 5, "gradient_accumulation_steps": None}, "trains 4 rows"),
    ],
)
def test_batch_size_is_not_what_is_trained(keys: dict[str, Any], says: str) -> None:
    """What axolotl makes of it is said."""
    assert says in found(case(**keys), "P-BATCH-SIZE")[0].message


def test_what_differs_is_told_once() -> None:
    """Transformers tells the same again; only what else DeepSpeed refuses is added."""
    said = ("Please correct the following DeepSpeed config values that ...", "stage 5 is none")
    looked = case(**zero(gradient_accumulation_steps=1), answers=replace(ANSWERED, deepspeed=said))

    assert len(found(looked, "P-DS-BATCH")) == 2


def test_batch_size_may_say_the_same() -> None:
    """8 rows beside an empty accumulation are 4 micro batches of 2."""
    looked = case(batch_size=8, gradient_accumulation_steps=None)

    assert not found(looked, "P-BATCH-SIZE")


@pytest.mark.parametrize(("bins", "severity"), [(7, "error"), (31, "warning"), (32, None)])
def test_packs_are_dealt_to_processes(bins: int, severity: str | None) -> None:
    """Eight processes that accumulate four need 32 packs for one full step, 8 for any."""
    looked = case(sample_packing=True, flash_attention=True, answers=packed(bins))
    findings = found(looked, "P-PACK-SMALL")

    assert [finding.severity for finding in findings] == ([severity] if severity else [])


@pytest.mark.parametrize(
    ("data", "decided"), [(rows(7), True), (rows(99, tokens=9_000), False), (PREPARED, True)]
)
def test_packs_that_nobody_counted(data: Data, decided: bool) -> None:
    """There are no more than rows and no fewer than tokens fill; between them it is unknown."""
    looked = preflight(case(sample_packing=True, flash_attention=True, data=data))

    assert ("P-PACK-SMALL" in looked.run) is decided


def test_fewer_evaluation_rows_than_processes_make_too_few_packs() -> None:
    """Whatever the packs, no more than rows."""
    looked = case(sample_packing=True, data=rows(10_000, eval_rows=3), flash_attention=True)

    assert found(looked, "P-EVAL-SMALL")


def test_unpacked_evaluation_rows_may_be_few() -> None:
    """Fewer evaluation rows than processes give the right loss."""
    assert not found(case(data=rows(10_000, eval_rows=3)), "P-EVAL-SMALL")


def test_evaluation_may_go_unpacked() -> None:
    """eval_sample_packing: false is the way out."""
    keys: dict[str, Any] = {
        "sample_packing": True,
        "eval_sample_packing": False,
        "flash_attention": True,
    }

    assert not found(case(data=rows(10_000, eval_rows=3), **keys), "P-EVAL-SMALL")


@pytest.mark.parametrize(
    ("data", "nodes", "severity"),
    [
        (Data(raw_bytes=10_000), 1, "info"),
        (Data(raw_bytes=10**9), 1, "warning"),
        (Data(raw_bytes=10**10), 2, "error"),
        (Data(), 2, "warning"),
    ],
)
def test_tokenising_while_gpus_wait(data: Data, nodes: int, severity: str) -> None:
    """A moment is a remark; machines that time out are an error."""
    (finding,) = found(case(data=data, nodes=nodes), "P-PREP-TIMEOUT")

    assert finding.severity == severity
    assert "preprocess" in finding.fix


@pytest.mark.parametrize("data", [PREPARED, Data(stored=False)], ids=["prepared", "streamed"])
def test_nothing_waits_for_what_is_prepared_or_never_is(data: Data) -> None:
    """A prepared dataset is loaded by every process at once."""
    assert not found(case(data=data), "P-PREP-TIMEOUT")


@pytest.mark.parametrize(
    "keys",
    [
        fsdp(state_dict_type="SHARDED_STATE_DICT"),
        {**fsdp(state_dict_type="SHARDED_STATE_DICT"), "save_strategy": "no", "adapter": "lora"},
        {**FSDP, "save_strategy": "no"},
    ],
    ids=["checkpoints", "adapter", "full state"],
)
def test_a_model_is_saved_under_fsdp(keys: dict[str, Any]) -> None:
    """Shards are merged from a checkpoint, adapters saved apart, and a full state needs neither."""
    assert not found(case(**keys), "P-FSDP-SAVE")


def test_modules_that_an_adapter_saves_whole_are_lost_under_fsdp() -> None:
    """Under FSDP2 axolotl cannot save embeddings that are trained beside an adapter."""
    keys: dict[str, Any] = {"adapter": "lora", "lora_modules_to_save": ["embed_tokens"]}
    (finding,) = found(case(**fsdp(), **keys), "P-FSDP-SAVE")

    assert (finding.severity, finding.key) == ("error", "lora_modules_to_save")
    assert not found(case(**keys), "P-FSDP-SAVE")


def test_the_wrap_class_is_told_once() -> None:
    """Accelerate's words on it are left to the rule that knows the right class."""
    said = FsdpFacts(problem="Could not find the transformer layer class X in the model.")
    looked = case(**fsdp(transformer_layer_cls_to_wrap="X"), answers=replace(ANSWERED, fsdp=said))

    assert not found(looked, "P-FSDP-REFUSED")
    assert len(found(looked, "P-FSDP-WRAP")) == 1


def test_four_bits_are_split_as_bfloat16() -> None:
    """QLoRA under FSDP is sound with bf16, and not with fp16."""
    keys: dict[str, Any] = {**FSDP, "adapter": "qlora", "load_in_4bit": True}

    assert not found(case(**keys), "P-QUANT-SHARD")
    assert found(case(**keys, bf16=False, fp16=True), "P-QUANT-SHARD")


def test_quantized_weights_are_no_matter_where_none_are_split() -> None:
    """DDP copies them whole."""
    assert not found(case(adapter="lora", load_in_8bit=True), "P-QUANT-SHARD")


def test_a_deepspeed_offload_steps_on_the_cpu() -> None:
    """AdamW becomes DeepSpeed's own; another optimizer is replaced by it, too."""
    offload = {"stage": 2, "offload_optimizer": {"device": "cpu"}}
    severities = {
        optimizer: {
            finding.severity
            for finding in found(
                case(**zero(zero_optimization=offload), optimizer=optimizer), "P-OFFLOAD"
            )
        }
        for optimizer in ("adamw_torch", "adamw_bnb_8bit")
    }

    assert severities == {"adamw_torch": {"info"}, "adamw_bnb_8bit": {"info", "warning"}}


@pytest.mark.parametrize(
    ("keys", "count"),
    [
        ({**FSDP, "dp_shard_size": 4, "dp_replicate_size": 2}, 0),
        ({**FSDP, "dp_shard_size": 4}, 1),
        ({"tensor_parallel_size": 2}, 0),
        ({"tensor_parallel_size": 3}, 1),
        ({"dp_replicate_size": 2}, 1),
        ({"context_parallel_size": 2, "tensor_parallel_size": 4}, 0),
    ],
)
def test_parallel_sizes_make_the_processes(keys: dict[str, Any], count: int) -> None:
    """Their product is the world, or divides it where nothing says how it is sharded."""
    assert len(found(case(**keys), "P-MESH")) == count


def test_gpus_that_are_hidden_do_not_count() -> None:
    """CUDA_VISIBLE_DEVICES leaves two of eight."""
    around = replace(
        AROUND,
        gpus=(Gpu("A100", 81920, "550"),) * 8,
        variables={"CUDA_VISIBLE_DEVICES": "0,1"},
    )

    assert "2 GPUs" in found(case(elsewhere=False, around=around), "P-GPUS")[0].message


def test_enough_gpus_are_no_finding() -> None:
    """Sixteen processes on two machines of eight."""
    around = replace(AROUND, gpus=(Gpu("A100", 81920, "550"),) * 8)
    looked = case(processes=16, nodes=2, elsewhere=False, around=around)

    assert not found(looked, "P-GPUS")
    assert not found(looked, "P-CPU-PROCESSES")


def test_a_warmup_longer_than_the_run_is_an_error() -> None:
    """100 rows are 5 steps on 8 processes; the rate never gets up."""
    looked = case(data=rows(100), warmup_steps=20, reference=1)

    assert "error" in {finding.severity for finding in found(looked, "P-STEPS")}


@pytest.mark.parametrize(
    ("count", "says"),
    [(3, "a smaller micro_batch_size"), (9, "at most 1 process,"), (20, "at most 2 processes,")],
)
def test_too_few_rows_name_the_processes_that_they_suffice_for(count: int, says: str) -> None:
    """Where they fill no step of one process either, no number of processes is named."""
    changed = case(data=rows(count), micro_batch_size=8, gradient_accumulation_steps=1)

    assert says in found(changed, "P-DATA-SMALL")[0].fix


def test_packs_are_the_same_in_the_order_of_the_rows() -> None:
    """It is the random order that makes other packs of other numbers of processes."""
    written: dict[str, Any] = {"sample_packing": True, "flash_attention": True}
    (finding,) = found(case(**written), "P-SAMPLER")

    assert (finding.severity, finding.key) == ("info", "curriculum_sampling")
    assert not found(case(**written, curriculum_sampling=True), "P-SAMPLER")
