"""Chat templates that are missing or refuse a conversation, and the tokens that end a turn."""

from __future__ import annotations

from inspect_tool.runs.failures.known.rule import Rule, Source, said

_TEMPLATE = ("chat_template", "datasets.0.chat_template", "datasets.0.type")

RULES = (
    Rule(
        code="F-NO-TEMPLATE",
        pattern=said(r"tokenizer's chat_template is null"),
        cause="there is no chat template: the config names none and the tokenizer has none",
        fix="set chat_template (chatml, llama3, ...) to what the model should learn",
        keys=_TEMPLATE,
    ),
    Rule(
        code="F-NO-TEMPLATE",
        pattern=said(r"tokenizer\.chat_template is not set"),
        cause="there is no chat template: the tokenizer has none",
        fix="set chat_template (chatml, llama3, ...) to what the model should learn",
        keys=_TEMPLATE,
        source=Source(
            "transformers", "tokenization_utils_base.py", "tokenizer.chat_template is not set"
        ),
    ),
    Rule(
        code="F-TEMPLATE-SYNTAX",
        pattern=said(r"jinja2\.exceptions\.TemplateSyntaxError: (?P<what>[^\n]*)"),
        cause="the chat template is not valid Jinja: {what}",
        fix="mend chat_template_jinja",
        keys=("chat_template_jinja", "datasets.0.chat_template_jinja", *_TEMPLATE),
    ),
    Rule(
        code="F-TEMPLATE-TOKEN",
        pattern=said(r"UndefinedError: '(?P<name>\w+_token)' is undefined"),
        cause="the chat template writes {name}, and the tokenizer has none",
        fix="set special_tokens: {{{name}: ...}}, or choose a template made for this tokenizer",
        keys=("special_tokens", *_TEMPLATE),
    ),
    Rule(
        code="F-DATA-ROLES",
        pattern=said(r"UndefinedError: '[^']*' has no attribute '(?P<name>\w+)'"),
        cause="the chat template reads {name}, which a message does not have",
        fix="message_property_mappings says what the data calls it; a message without content "
        "needs an empty one",
        keys=("datasets.0.message_property_mappings", *_TEMPLATE),
    ),
    Rule(
        code="F-TEMPLATE-REFUSED",
        pattern=said(r"jinja2\.exceptions\.TemplateError: (?P<what>[^\n]*)"),
        cause="the chat template refuses a conversation: {what}",
        fix="choose a template that allows such turns, or mend the rows (drop_system_message, "
        "merge two turns of one speaker)",
        keys=_TEMPLATE,
    ),
    Rule(
        code="F-TEMPLATE-REFUSED",
        pattern=said(r"jinja2\.exceptions\.\w+: (?P<what>[^\n]*)"),
        cause="the chat template fails on a conversation: {what}",
        fix="the row lacks something that the template reads, or the template is at fault",
        keys=_TEMPLATE,
    ),
    Rule(
        code="F-END-TOKEN",
        pattern=said(r"EOT token '(?P<token>[^\n]*)' is encoded as multiple tokens"),
        cause="the end of a turn, {token}, is several tokens for this tokenizer",
        fix="add it to `tokens:`, or replace an unused one with added_tokens_overrides",
        keys=("eot_tokens", "tokens"),
    ),
    Rule(
        code="F-END-TOKEN",
        pattern=said(r"Conflict between train_on_eos and train_on_eot"),
        cause="the EOS is also a turn's end, and train_on_eos and train_on_eot disagree on it",
        fix="give both the same value",
        keys=("datasets.0.train_on_eot", "datasets.0.train_on_eos"),
        source=Source(
            "axolotl",
            "prompt_strategies/chat_template.py",
            "Conflict between train_on_eos and train_on_eot",
        ),
    ),
)
