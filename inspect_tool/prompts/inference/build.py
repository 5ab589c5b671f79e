"""A target made of what a person asked for, in the worker, with the config's own tokenizer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspect_tool.axolotl_tasks import first_line
from inspect_tool.prompts.inference.axolotl_cli import axolotl_target
from inspect_tool.prompts.inference.encoder import Encoder
from inspect_tool.prompts.inference.messages_file import MessagesTarget
from inspect_tool.prompts.inference.python_function import FunctionTarget, load_function
from inspect_tool.prompts.inference.server import ServerTarget
from inspect_tool.prompts.inference.stops import CONFIG, generation_eos, model_stops
from inspect_tool.prompts.inference.target import Target, TargetError
from inspect_tool.prompts.inference.templates import TemplateTarget
from inspect_tool.prompts.inference.text_file import TextTarget, read_text

if TYPE_CHECKING:
    from inspect_tool.prompts.inference.specs import Options, TargetSpec
    from inspect_tool.prompts.inference.stops import Stops


SAVED_FILES = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", CONFIG)


def files_of(spec: TargetSpec, cwd: Path) -> list[Path]:
    """Return the files that a target is made of; it is made anew when one changes."""
    if spec.kind == "python":
        return [cwd / f"{spec.value.partition(':')[0].replace('.', '/')}.py"]
    if spec.kind == "saved":
        return [Path(spec.value) / name for name in SAVED_FILES]
    return [] if spec.kind in {"axolotl", "openai"} else [cwd / Path(spec.value).expanduser()]


class Builder:
    """Makes targets for one config: ``cfg`` as axolotl has it, its tokenizer, the folder."""

    def __init__(self, cfg: Any, encoder: Encoder, cwd: Path, options: Options) -> None:
        self.cfg = cfg
        self.encoder = encoder
        self.cwd = cwd
        self.options = options

    def build(self, spec: TargetSpec) -> Target:
        """Return a target; raises InspectError for one that can answer for no row."""
        made: Target = getattr(self, f"_{spec.kind.replace('-', '_')}")(spec)
        return made

    def _stops(self) -> Stops:
        return model_stops(self.encoder, str(self.cfg.base_model), self.options.stops)

    def _chat_template(self, spec: TargetSpec) -> Target:
        if spec.value:
            template, place = self._named_template(spec.value)
        else:
            template, place = self._own_template(spec.name), "the tokenizer's chat template"
        return TemplateTarget(
            spec.name,
            self.encoder,
            template,
            stops=self._stops(),
            kwargs=spec.template_kwargs,
            place=place,
        )

    def _own_template(self, name: str) -> str:
        template = self.encoder.tokenizer.chat_template
        if isinstance(template, dict):
            template = template.get("default")
        if not template:
            raise TargetError(
                "the tokenizer has no chat template, so no server that loads it has one",
                place=name,
                fix="set chat_template: at the top of the YAML, which axolotl then saves with "
                "the tokenizer, or name one: --against chat-template:NAME",
            )
        return str(template)

    def _named_template(self, value: str) -> tuple[str, str]:
        from axolotl.utils.chat_templates import get_chat_template

        file = self.cwd / Path(value).expanduser()
        if file.is_file():
            return read_text(file), str(file)
        try:
            found = get_chat_template(value, tokenizer=self.encoder.tokenizer)
        except ValueError:
            from axolotl.utils.chat_templates.base import _CHAT_TEMPLATES

            raise TargetError(
                "neither a file nor a template of axolotl's",
                place=f"chat-template:{value}",
                fix=f"one of {', '.join(sorted(_CHAT_TEMPLATES))}",
            ) from None
        return found, f"axolotl's template {value}"

    def _saved(self, spec: TargetSpec) -> Target:
        from transformers import AutoTokenizer

        if not (Path(spec.value) / "tokenizer_config.json").is_file():
            raise TargetError(
                "no tokenizer is saved there (no tokenizer_config.json)",
                place=spec.value,
                fix="name an output_dir that axolotl trained into, or one of its checkpoints",
            )
        try:
            tokenizer = AutoTokenizer.from_pretrained(
                spec.value, local_files_only=True, trust_remote_code=False
            )
        except Exception as error:
            raise TargetError(
                f"no tokenizer that can be loaded: {first_line(error)}",
                place=spec.value,
                fix="name an output_dir that axolotl saved a tokenizer in",
            ) from error
        encoder = Encoder(tokenizer)
        if not tokenizer.chat_template:
            raise TargetError(
                "the saved tokenizer has no chat template, so a server that loads it has none",
                place=spec.value,
                fix="set chat_template: at the top of the YAML and save the tokenizer anew",
            )
        model = spec.value if generation_eos(spec.value) else str(self.cfg.base_model)
        return TemplateTarget(
            spec.name,
            encoder,
            str(tokenizer.chat_template),
            stops=model_stops(encoder, model, self.options.stops),
            kwargs=spec.template_kwargs,
            place=f"{spec.value} (chat template)",
        )

    def _axolotl(self, spec: TargetSpec) -> Target:
        return axolotl_target(spec.name, spec.value, self.cfg, self.encoder)

    def _text(self, spec: TargetSpec) -> Target:
        return TextTarget(
            spec.name,
            self.encoder,
            Path(spec.value),
            stops=self._stops(),
            fills=self.options.fills,
        )

    def _messages(self, spec: TargetSpec) -> Target:
        return MessagesTarget(
            spec.name,
            self.encoder,
            self._own_template(spec.name),
            Path(spec.value),
            stops=self._stops(),
            kwargs=spec.template_kwargs,
            fills=self.options.fills,
        )

    def _python(self, spec: TargetSpec) -> Target:
        template = self.encoder.tokenizer.chat_template
        return FunctionTarget(
            spec.name,
            self.encoder,
            load_function(spec.value, self.cwd, spec.name),
            stops=self._stops(),
            template=template if isinstance(template, str) else None,
        )

    def _openai(self, spec: TargetSpec) -> Target:
        return ServerTarget(
            spec.name,
            self.encoder,
            spec.value,
            stops=self._stops(),
            kwargs=spec.template_kwargs,
            timeout=self.options.timeout,
        )

    def _ollama(self, spec: TargetSpec) -> Target:
        from inspect_tool.prompts.inference.ollama import ollama_refusal

        raise ollama_refusal(spec)
