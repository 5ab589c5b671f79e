"""The process that loads a saved model as a user's inference script would, and lets it answer.

``python -m inspect_tool.runs.sanity.generate REQUEST ANSWER``, both JSON. An adapter is loaded by
peft together with the base that it names, a model by transformers; both from what was saved alone.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM


def main(request_file: str, answer_file: str) -> None:
    """Answer every prompt greedily, and say what the model thinks of the answers expected."""
    request = json.loads(Path(request_file).read_text("utf-8"))
    torch.set_grad_enabled(False)
    model = load(request["model"], adapter=request["adapter"], trust=request["trust"])
    answer = {
        "model": type(model).__name__,
        "generated": [generate(model, **item) for item in request["prompts"]],
        "likely": [likely(model, **item) for item in request["expected"]],
    }
    Path(answer_file).write_text(json.dumps(answer), "utf-8")


def load(folder: str, *, adapter: bool, trust: bool) -> Any:
    """Return the model of a folder, ready to answer."""
    if adapter:
        from peft import AutoPeftModelForCausalLM

        kind: Any = AutoPeftModelForCausalLM
    else:
        kind = AutoModelForCausalLM
    model = kind.from_pretrained(folder, dtype="auto", trust_remote_code=trust)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return model.to(device).eval()


def generate(model: Any, *, ids: list[int], stop_ids: list[int], most: int) -> list[int]:
    """Return the tokens that follow ``ids``, the stop included if one came within ``most``."""
    given = torch.tensor([ids], device=model.device)
    model.generation_config.eos_token_id = stop_ids or None
    out = model.generate(
        input_ids=given,
        attention_mask=torch.ones_like(given),
        max_new_tokens=most,
        do_sample=False,
        pad_token_id=stop_ids[0] if stop_ids else 0,
    )
    new: list[int] = out[0, given.shape[1] :].tolist()
    return new


def likely(model: Any, *, prompt: list[int], answer: list[int]) -> dict[str, Any]:
    """Return the loss of each token of ``answer`` after training's own tokens, and the likeliest.

    ``losses`` in nats; ``best`` the id that the model would have chosen in its place.
    """
    ids = torch.tensor([[*prompt, *answer]], device=model.device)
    logits = model(input_ids=ids).logits[0, len(prompt) - 1 : -1].float()
    targets = ids[0, len(prompt) :]
    losses = torch.nn.functional.cross_entropy(logits, targets, reduction="none")
    return {"losses": losses.tolist(), "best": logits.argmax(-1).tolist()}


if __name__ == "__main__":
    main(*sys.argv[1:])
