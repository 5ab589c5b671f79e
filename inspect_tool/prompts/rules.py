"""The rules that train or mask a token: stable names, the YAML key of each, one sentence.

docs/why.md is this table for people. A rule is a statement about axolotl's own code, named by the
line that decides; assigning one is the replay's work (prompts/strategies).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Scope = Literal["config", "dataset", "template"]
"""Where a rule's key stands: at the top of the YAML, in the item of ``datasets``, or (for
``chat_template``) in whichever of the two is in force."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One reason for a label.

    ``trained`` says what the rule does to a token, None for rules that say nothing about it.
    ``key`` is the YAML key that would change it, None where only the data could.
    """

    name: str
    trained: bool | None
    title: str
    sentence: str
    key: str | None = None
    scope: Scope = "config"

    def key_for(self, entry: str, *, template_key: str) -> str | None:
        """Return the dotted key for a dataset, such as ``datasets.0.roles_to_train``."""
        if self.key is None:
            return None
        if self.scope == "dataset":
            return f"{entry}.{self.key}"
        return template_key if self.scope == "template" else self.key


TEMPLATE: Final = Rule(
    "template",
    False,
    "template text",
    "The chat template wrote it (role header, separator, generation text); no setting trains it.",
    "chat_template",
    "template",
)
BOS: Final = Rule(
    "bos",
    False,
    "beginning of sequence",
    "The beginning-of-sequence token, written by the template; no setting trains it.",
    "chat_template",
    "template",
)
ROLE_TRAINED: Final = Rule(
    "role-trained",
    True,
    "role is trained",
    "The turn's role is in roles_to_train.",
    "roles_to_train",
    "dataset",
)
ROLE_MASKED: Final = Rule(
    "role-masked",
    False,
    "role is not trained",
    "The turn's role is not in roles_to_train, and train_on_inputs is off.",
    "roles_to_train",
    "dataset",
)
INPUTS_TRAINED: Final = Rule(
    "inputs-trained",
    True,
    "inputs are trained",
    "train_on_inputs is on, so what would be masked as input is trained.",
    "train_on_inputs",
)
MESSAGE_TRAINED: Final = Rule(
    "message-trained",
    True,
    "message says train",
    "The message's own flag (message_field_training) is on; it beats its role.",
    "message_field_training",
    "dataset",
)
MESSAGE_MASKED: Final = Rule(
    "message-masked",
    False,
    "message says mask",
    "The message's own flag or weight (message_field_training) is off or 0; it beats its role.",
    "message_field_training",
    "dataset",
)
DETAIL_TRAINED: Final = Rule(
    "detail-trained",
    True,
    "offsets say train",
    "The message's offsets (message_field_training_detail) train this stretch; a token across its "
    "edge counts as inside with more than one character there.",
    "message_field_training_detail",
    "dataset",
)
DETAIL_MASKED: Final = Rule(
    "detail-masked",
    False,
    "offsets say mask",
    "The message has offsets (message_field_training_detail) and none of them trains this token.",
    "message_field_training_detail",
    "dataset",
)
PART_TRAINED: Final = Rule(
    "part-trained",
    True,
    "part says train",
    "The content is a list of parts, and this part's train or weight is on.",
)
PART_MASKED: Final = Rule(
    "part-masked",
    False,
    "part says mask",
    "The content is a list of parts, and this part's train is false or its weight 0.",
)
EOS_TRAINED: Final = Rule(
    "eos-trained",
    True,
    "end token is trained",
    "The first EOS token after a turn, at most 3 tokens from its content, where train_on_eos says "
    "so: after trained turns (turn, the default), after every turn (all), or once at the end "
    "(last).",
    "train_on_eos",
    "dataset",
)
EOS_MASKED: Final = Rule(
    "eos-masked",
    False,
    "end token is not trained",
    "The EOS token after a turn that train_on_eos leaves out: the turn is masked and the setting "
    "is turn, or the setting is last or none.",
    "train_on_eos",
    "dataset",
)
EOT_TRAINED: Final = Rule(
    "eot-trained",
    True,
    "end-of-turn token is trained",
    "The first of eot_tokens after a turn, at most 3 tokens from its content, where train_on_eot "
    "says so; without that key train_on_eos counts.",
    "train_on_eot",
    "dataset",
)
EOT_MASKED: Final = Rule(
    "eot-masked",
    False,
    "end-of-turn token is not trained",
    "One of eot_tokens, after a turn that train_on_eot leaves out.",
    "train_on_eot",
    "dataset",
)
END_TOO_FAR: Final = Rule(
    "end-too-far",
    False,
    "end token is out of reach",
    "The turn's end token stands more than 3 tokens after its content, where axolotl no longer "
    "looks for it.",
    "chat_template",
    "template",
)
END_UNKNOWN: Final = Rule(
    "end-unknown",
    False,
    "end token is not known",
    "The template ends turns with this token, but it is neither the tokenizer's EOS nor in "
    "eot_tokens, so axolotl never trains it.",
    "eot_tokens",
)
EMPTY_TURN: Final = Rule(
    "empty-turn",
    False,
    "end of an empty turn",
    "The turn has no text, so axolotl does not find it and trains not even its end token.",
)
TURN_NOT_FOUND: Final = Rule(
    "turn-not-found",
    False,
    "turn was not found",
    "Axolotl did not find the turn's text in the rendered conversation (it never looks for a "
    "leading system turn when the tokenizer's name contains mistral), so nothing of it is trained.",
)
HISTORY_MASKED: Final = Rule(
    "history-masked",
    False,
    "before the last turn",
    "Nothing says which turns to train (no roles_to_train, train_on_eos, train_on_eot or message "
    "field), so all but the last turn is masked.",
    "roles_to_train",
    "dataset",
)
LAST_TURN_TRAINED: Final = Rule(
    "last-turn-trained",
    True,
    "last turn",
    "Nothing says which turns to train (no roles_to_train, train_on_eos, train_on_eot or message "
    "field), so only the last turn is trained.",
    "roles_to_train",
    "dataset",
)
PROMPT_MASKED: Final = Rule(
    "prompt-masked",
    False,
    "prompt",
    "The prompt of an instruction, format and beginning-of-sequence token included; "
    "train_on_inputs is off.",
    "train_on_inputs",
)
RESPONSE_TRAINED: Final = Rule(
    "response-trained",
    True,
    "response",
    "The response to an instruction is always trained.",
    "type",
    "dataset",
)
APPENDED_EOS: Final = Rule(
    "appended-eos",
    True,
    "appended end token",
    "The EOS token, which axolotl appends to the text and trains.",
    "special_tokens",
)
SEGMENT_TRAINED: Final = Rule(
    "segment-trained", True, "segment says train", "The segment's label is true."
)
SEGMENT_MASKED: Final = Rule(
    "segment-masked",
    False,
    "segment says mask",
    "The segment's label is false, and train_on_inputs is off.",
    "train_on_inputs",
)
COMPLETION_TRAINED: Final = Rule(
    "completion-trained",
    True,
    "completion text",
    "Plain text is trained from its first token to its last, special tokens included.",
    "type",
    "dataset",
)
STEP_END: Final = Rule(
    "step-end",
    True,
    "end of a step",
    "The last token of a reasoning step bears the step's label: 1 for right, 0 for wrong.",
    "type",
    "dataset",
)
STEP_MASKED: Final = Rule(
    "step-masked",
    False,
    "inside a step",
    "Inside a reasoning step; only a step's last token bears a label.",
    "type",
    "dataset",
)
STEP_PROMPT: Final = Rule(
    "step-prompt",
    False,
    "prompt of the steps",
    "The prompt before the reasoning steps is never trained.",
    "type",
    "dataset",
)
WEIGHT_TRAINED: Final = Rule(
    "weight-trained",
    True,
    "weight is not 0",
    "The message's weight, its own or its role's, is not 0.",
    "message_field_training",
    "dataset",
)
WEIGHT_MASKED: Final = Rule(
    "weight-masked",
    False,
    "weight is 0",
    "The weight of the message or of this part of its format is 0.",
    "message_field_training",
    "dataset",
)
STORED_TRAINED: Final = Rule(
    "stored-trained",
    True,
    "the file says train",
    "The row came tokenised; its label is the one in the file.",
)
STORED_MASKED: Final = Rule(
    "stored-masked",
    False,
    "the file says mask",
    "The row came tokenised; its label is the one in the file.",
)
SCORED: Final = Rule(
    "scored",
    None,
    "scored as a whole",
    "A reward model scores the whole sequence; no token has a label.",
)
STRATEGY_TRAINED: Final = Rule(
    "strategy-trained",
    True,
    "the type's own code",
    "The code of this dataset type trains it; the tool has no finer reason.",
    "type",
    "dataset",
)
STRATEGY_MASKED: Final = Rule(
    "strategy-masked",
    False,
    "the type's own code",
    "The code of this dataset type masks it; the tool has no finer reason.",
    "type",
    "dataset",
)
ROW_MISMATCH: Final = Rule(
    "row-mismatch",
    False,
    "whole row masked",
    "The turns, tokenised one by one, do not add up to the row, so this dataset type masks all of "
    "it; with llama2_chat that happens to every row when the pad token is the EOS.",
    "special_tokens",
)
PADDING: Final = Rule(
    "padding",
    False,
    "padding",
    "Padding up to a common length; it is in no sample and never trained.",
    "pad_to_sequence_len",
)
STALE: Final = Rule(
    "stale",
    None,
    "no longer so",
    "The config as it is now gives this token another label than the one stored.",
)
UNEXPLAINED: Final = Rule(
    "unexplained",
    None,
    "unexplained",
    "Replaying axolotl's decisions gives another label than axolotl returned; please report it.",
)

RULES: Final[tuple[Rule, ...]] = tuple(
    value for value in list(globals().values()) if isinstance(value, Rule)
)
"""Every rule, in the order of docs/why.md; a rule's place here is its code in arrays."""

BY_NAME: Final = {rule.name: rule for rule in RULES}
CODES: Final = {rule: code for code, rule in enumerate(RULES)}
