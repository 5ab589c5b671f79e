"""What a config says about the labels on purpose, so that a wish is not reported as a fault."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ANY = "any"
"""Stands for a dataset type that is not known."""

_DEFAULT_ROLES = ("assistant",)

_INSTRUCT = (
    "alpaca",
    "concisechoice",
    "context_qa",
    "creative_acr",
    "explainchoice",
    "gpteacher",
    "jeopardy",
    "oasst",
    "open_orca",
    "orcamini",
    "reflection",
    "summarizetldr",
    "user-defined",
)
"""How the types of axolotl begin that render an instruction and its answer, and know no roles."""


@dataclass(frozen=True, slots=True)
class Intent:
    """The keys that decide masks, as written; unknown where there is no config.

    ``types`` are the strategies of ``datasets``; ``roles`` whose turns are to be trained;
    ``end_tokens`` the values of ``train_on_eos`` (``turn`` where it is not written);
    ``by_message``: the messages themselves say which of them are trained. ``tokens`` are those
    that the config adds to the tokenizer.
    """

    known: bool = False
    train_on_inputs: bool = False
    sequence_len: int | None = None
    eot_tokens: tuple[str, ...] = ()
    types: frozenset[str] = frozenset({ANY})
    roles: frozenset[str] = frozenset(_DEFAULT_ROLES)
    end_tokens: frozenset[str] = frozenset({"turn"})
    by_message: bool = False
    tokens: tuple[str, ...] = ()

    @classmethod
    def of(cls, config: Mapping[str, Any] | None) -> Intent:
        """Read the values of an axolotl YAML."""
        if config is None:
            return cls()
        entries = list(_entries(config))
        length = config.get("sequence_len")
        return cls(
            known=True,
            train_on_inputs=bool(config.get("train_on_inputs")),
            sequence_len=length if isinstance(length, int) else None,
            eot_tokens=tuple(str(token) for token in config.get("eot_tokens") or ()),
            types=frozenset(_type(entry) for entry in entries) or frozenset({ANY}),
            roles=frozenset(role for entry in entries for role in _roles(entry)),
            end_tokens=frozenset(str(entry.get("train_on_eos") or "turn") for entry in entries),
            tokens=tuple(_tokens(config)),
            by_message=any(
                entry.get(key)
                for entry in entries
                for key in ("message_field_training", "message_field_training_detail")
            ),
        )

    def wants(self, role: str) -> bool:
        """Tell whether turns of ``role`` (not the assistant) are trained on purpose."""
        own_masks = self.types <= {"completion", "pretrain", "input_output", ""}
        return self.train_on_inputs or self.by_message or own_masks or role in self.roles

    @property
    def instructs(self) -> bool:
        """Whether every dataset is of instructions and answers, where nobody has a role."""
        return self.known and all(name.startswith(_INSTRUCT) for name in self.types)

    @property
    def may_train_everything(self) -> bool:
        """Whether rows that are trained from end to end may be what is wanted."""
        free = {ANY, "completion", "pretrain", "input_output", ""}
        return not self.known or self.train_on_inputs or bool(self.types & free)

    @property
    def cuts_texts(self) -> bool:
        """Whether rows may be pieces of a longer text, without a start or an end of their own."""
        return not self.known or bool(self.types & {ANY, "completion", "pretrain"})


def _entries(config: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for key in ("datasets", "test_datasets", "pretraining_dataset"):
        written = config.get(key)
        for entry in written if isinstance(written, list) else []:
            if isinstance(entry, dict):
                yield {"type": "pretrain", **entry} if key == "pretraining_dataset" else entry


def _tokens(config: Mapping[str, Any]) -> Iterator[str]:
    special = config.get("special_tokens")
    for written in (config.get("tokens"), special.values() if isinstance(special, dict) else ()):
        yield from (token for token in written or () if isinstance(token, str))


def _type(entry: Mapping[str, Any]) -> str:
    written = entry.get("type")
    if isinstance(written, dict):
        return "user-defined"
    return str(written).partition(":")[0] if written else ""


def _roles(entry: Mapping[str, Any]) -> tuple[str, ...]:
    written = entry.get("roles_to_train")
    return tuple(map(str, written)) if isinstance(written, list) else _DEFAULT_ROLES
