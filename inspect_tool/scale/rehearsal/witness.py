"""An axolotl plugin that writes down, inside each rank, what that rank is and what it trains on.

Two processes that never talk to each other look from outside like two that do; here a rank gathers
from the others and says who answered. It comes first of all plugins, so that no other one stands
between it and the model.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from axolotl.integrations.base import BasePlugin
from axolotl.utils.distributed import is_main_process
from torch import distributed
from transformers import TrainerCallback, set_seed

from inspect_tool.runs.journal import RUN_KEY
from inspect_tool.scale.ranks.record import folder_of
from inspect_tool.scale.rehearsal.facts import FACTS_KEY, WEIGHTS_KEY, file_of
from inspect_tool.scale.rehearsal.weights import digest_of

MOST_ROWS = 20_000
"""Rows of a split that are numbered; of a larger one only contents are known."""


class Witness(BasePlugin):  # type: ignore[misc]  # axolotl has no types
    """Writes the file of one rank; does nothing where no folder is named."""

    def __init__(self) -> None:
        super().__init__()
        folder = os.environ.get(FACTS_KEY)
        rank = int(os.environ.get("RANK", "0"))
        self.file = file_of(Path(folder), rank) if folder else None
        self.batches: list[dict[str, Any]] = []
        if folder and rank:
            _record_apart(Path(folder), rank)

    def post_model_build(self, cfg: Any, model: Any) -> None:
        """Keep random weights in files, as real ones are: ZeRO-3 would draw others.

        Then seed: rows of the embeddings for new tokens are drawn next.
        """
        folder = os.environ.get(WEIGHTS_KEY)
        if folder and cfg.reinit_weights:
            model.save_pretrained(folder)
        set_seed(int(cfg.seed or 0))

    def pre_lora_load(self, cfg: Any, model: Any) -> None:
        """Seed before the adapter is made: axolotl seeds with the trainer, after it."""
        del model
        set_seed(int(cfg.seed or 0))

    def post_trainer_create(self, cfg: Any, trainer: Any) -> None:
        """Stand between the trainer and its batches."""
        del cfg
        if self.file is None:
            return
        rows = _Rows(trainer)
        collate, train = trainer.data_collator, trainer.training_step

        def collate_and_note(features: Any, *rest: Any, **options: Any) -> Any:
            ids = rows.ids(features)  # before: collators pad the features in place
            batch = collate(features, *rest, **options)
            rows.note(batch, ids)
            return batch

        def train_and_note(model: Any, inputs: Any, *rest: Any, **options: Any) -> Any:
            noted = {**rows.of(inputs), "trained": _trained(inputs)}
            loss = train(model, inputs, *rest, **options)
            self.batches.append({**noted, "loss": float(loss)})
            return loss

        trainer.data_collator = collate_and_note
        trainer.training_step = train_and_note
        trainer.add_callback(_Writer(self, trainer, rows))

    def write(self, kind: str, **facts: Any) -> None:
        """Append one line, whole."""
        if self.file is not None:
            with self.file.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"kind": kind, **facts}) + "\n")


class _Writer(TrainerCallback):  # type: ignore[misc]
    """Writes a line when training begins, before the first step, after each, and at the end."""

    def __init__(self, witness: Witness, trainer: Any, rows: _Rows) -> None:
        self.witness = witness
        self.trainer = trainer
        self.rows = rows
        self.begun = False

    def on_train_begin(self, _args: Any, _state: Any, _control: Any, **_: Any) -> None:
        self.witness.write("process", **_process(self.trainer))

    def on_step_begin(self, args: Any, _state: Any, _control: Any, **running: Any) -> None:
        """Write what is trained, once: by now a batch has shown which columns make a row."""
        if self.begun:
            return
        self.begun = True
        settings = args.accelerator_config
        seedable = getattr(settings, "use_seedable_sampler", None)
        model = self.trainer.model
        self.witness.write(
            "training",
            micro_batch=int(args.per_device_train_batch_size),
            accumulation=int(args.gradient_accumulation_steps),
            steps=int(args.max_steps),
            seed=int(args.seed),
            seedable=None if seedable is None else bool(seedable),
            packs=len(running["train_dataloader"])
            if getattr(args, "sample_packing", False)
            else None,
            **self.rows.summary(),
            largest=max((p.numel() for p in model.parameters()), default=0),
            trainable=digest_of(model, trained=True),
            frozen=digest_of(model, trained=False),
        )

    def on_log(
        self, _args: Any, state: Any, _control: Any, logs: dict[str, Any] | None = None, **_: Any
    ) -> None:
        if not logs or "loss" not in logs:
            return
        self.witness.write(
            "step",
            step=int(state.global_step),
            loss=float(logs["loss"]),
            grad_norm=_number(logs.get("grad_norm")),
            learning_rate=_number(logs.get("learning_rate")),
            epoch=float(state.epoch or 0.0),
            batches=self.witness.batches,
        )
        self.witness.batches = []

    def on_train_end(self, _args: Any, _state: Any, _control: Any, **_: Any) -> None:
        self.witness.write("end", weights=digest_of(self.trainer.model, trained=True))


class _Rows:
    """Tells the rows of a batch by their content, and their numbers in the training split."""

    def __init__(self, trainer: Any) -> None:
        self.trainer = trainer
        self.numbers: dict[str, list[int]] | None = None
        self.order: list[str] = []
        self.known: dict[str, list[str]] = {}
        self.columns: list[str] = []
        self.met: dict[str, int] = {}

    def ids(self, features: Any) -> list[str]:
        """Return the content ids of the rows that are about to become a batch; none: unknown.

        A pack is a list of rows.
        """
        packs = features if isinstance(features, list) else []
        found = [row for pack in packs for row in (pack if isinstance(pack, list) else [pack])]
        if not found or not all(isinstance(row, dict) for row in found):
            return []
        self._number(found[0])
        return [self._id(row) for row in found]

    def note(self, batch: Any, ids: list[str]) -> None:
        """Remember which rows became ``batch``."""
        if ids:
            self.known[_digest_batch(batch)] = ids

    def of(self, inputs: Any) -> dict[str, list[Any]]:
        """Return the content ids of a batch's rows and their numbers; None: not known.

        Of rows with the same content, each time met, the next number is taken.
        """
        digest = _digest_batch(inputs)
        ids = self.known.get(digest, [f"batch-{digest}"])
        return {"ids": ids, "rows": [self._next_number(name) for name in ids]}

    def summary(self) -> dict[str, Any]:
        """Return the split's size and digest, and the rows that it holds more than once."""
        dataset = self.trainer.train_dataset
        try:
            size = len(dataset)
            feature = dataset[0]
        except (TypeError, IndexError, KeyError, NotImplementedError):
            return {"rows": None, "data": None, "copies": {}}
        self._number(feature)
        copies = {name: len(n) for name, n in (self.numbers or {}).items() if len(n) > 1}
        data = _sha("".join(self.order)) if self.order else None
        return {"rows": size, "data": data, "copies": copies}

    def _number(self, feature: dict[str, Any]) -> None:
        """Number the rows of the split, once, by the columns that a batch is made of."""
        if self.numbers is not None:
            return
        self.numbers = {}
        dataset = self.trainer.train_dataset
        held = getattr(dataset, "column_names", None) or list(feature)
        self.columns = sorted(set(feature) & set(held) & _TOKENS or set(feature) & set(held))
        if not hasattr(dataset, "__len__") or len(dataset) > MOST_ROWS:
            return
        self.order = [self._id(dataset[index]) for index in range(len(dataset))]
        for index, name in enumerate(self.order):
            self.numbers.setdefault(name, []).append(index)

    def _id(self, feature: dict[str, Any]) -> str:
        return _sha(json.dumps([feature[name] for name in self.columns], default=_plain))

    def _next_number(self, name: str) -> int | None:
        numbers = (self.numbers or {}).get(name)
        if not numbers:
            return None
        count = self.met.get(name, 0)
        self.met[name] = count + 1
        return numbers[count % len(numbers)]


_TOKENS = frozenset({"input_ids", "labels"})
"""What a supervised row is; other kinds are told by all of their columns."""


def _record_apart(run: Path, rank: int) -> None:
    """Have the recorder, which comes later, write this rank's metrics into a folder of its own."""
    own = folder_of(run, rank)
    own.mkdir(parents=True, exist_ok=True)
    os.environ[RUN_KEY] = str(own)


def _process(trainer: Any) -> dict[str, Any]:
    state = PartialState()
    joined = distributed.is_available() and distributed.is_initialized()
    world = distributed.get_world_size() if joined else 1
    rank = int(os.environ.get("RANK", "0"))
    heard: list[Any] = [rank]
    if joined:
        heard = [None] * world
        distributed.all_gather_object(heard, rank)
    settings = trainer.accelerator.state
    sharding = getattr(settings, "fsdp_plugin", None)
    zero = getattr(settings, "deepspeed_plugin", None)
    return {
        "rank": rank,
        "pid": os.getpid(),
        "world": world,
        "heard": heard,
        "distributed": str(getattr(trainer.accelerator.distributed_type, "value", "")),
        "backend": _backend(state.device.type) if joined else None,
        "device": str(state.device),
        "stage": int(zero.zero_stage) if zero is not None else None,
        "fsdp": int(sharding.fsdp_version) if sharding is not None else None,
        "main": bool(is_main_process()),
    }


def _backend(device: str) -> str:
    """Return what carries collectives on this kind of device; a group may have one for each."""
    pairs = (item.partition(":") for item in distributed.get_backend_config().split(","))
    backends: dict[str, str] = {kind: name or kind for kind, _, name in pairs}
    return backends.get(device, ",".join(backends.values()))


def _trained(inputs: Any) -> int | None:
    """Count the targets of a batch: the first token of a row is none."""
    labels = inputs.get("labels") if hasattr(inputs, "get") else None
    if not isinstance(labels, torch.Tensor) or labels.dim() < 2:
        return None
    return int((labels[..., 1:] != -100).sum())


def _digest_batch(batch: Any) -> str:
    tensors = {k: v for k, v in dict(batch).items() if isinstance(v, torch.Tensor)}
    total = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().to("cpu").contiguous()
        total.update(f"{name}{tuple(tensor.shape)}".encode())
        total.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return total.hexdigest()[:16]


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else str(value)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
