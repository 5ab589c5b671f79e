"""A diff of 1,000 conversations against one target, beside the tokenizer encoding the same texts.

The tokenizer is the one that the diff uses, in the same process, given both sides' texts one call
at a time, as training does, and all at once. Rendering through axolotl is measured apart: that is
axolotl's own time, which `axolotl preprocess` takes as well.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from benchmarks._peers import Spent, diff_seconds
from benchmarks._tables import machine, say, show
from benchmarks.why import project
from fixtures.build import build_models, build_tokenizers
from inspect_tool.axolotl_worker import AxolotlWorker
from inspect_tool.prompts.diff.run import Diff
from inspect_tool.prompts.diff.tasks import Plan
from inspect_tool.prompts.inference.specs import Options, parse_targets
from inspect_tool.prompts.training import TrainingRows

ROOT = Path(__file__).resolve().parent.parent
ROWS = 1_000
AGREES = "chat-template"
DIFFERS = "chat-template:other.jinja"
OTHER = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }} <|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def line(target: str, spent: Spent) -> list[str]:
    """Return one row of the table."""
    return [
        target,
        f"{spent.prompts:,}",
        f"{spent.tokenizer * 1000:,.0f} ms",
        f"{spent.batched * 1000:,.0f} ms",
        f"{spent.diff * 1000:,.0f} ms",
        f"{spent.tokenizer / spent.diff:.2f}",
        f"{spent.axolotl * 1000:,.0f} ms",
    ]


def main() -> None:
    """Measure a target that agrees and one that differs in every row."""
    build_tokenizers()
    build_models()
    with tempfile.TemporaryDirectory() as name, AxolotlWorker() as worker:
        folder = Path(name)
        config = project(folder)
        (folder / "other.jinja").write_text(OTHER)
        training = TrainingRows(worker, config, ROOT)
        rows = []
        for target in (AGREES, f"chat-template:{folder / 'other.jinja'}"):
            specs = parse_targets([target], cwd=folder)
            plan = Plan(training.request, specs, Options())
            shown = AGREES if target == AGREES else DIFFERS
            rows.append(line(shown, worker.call(diff_seconds, plan, ROWS)))
        diff = Diff(training, parse_targets([AGREES], cwd=folder))
        started = time.perf_counter()
        report = diff.report(limit=ROWS)
        whole = time.perf_counter() - started
    show(
        f"{ROWS:,} conversations, every answer of each ({machine()})",
        ["target", "prompts", "encode", "encode, batched", "diff", "speed", "axolotl renders"],
        rows,
    )
    say("speed: of the diff, as a share of the tokenizer's encoding the same texts; 0.5 is asked")
    say(f"from the outside, rendering and hand-over included: {ROWS / whole:,.0f} rows/s")
    assert not report.differs


if __name__ == "__main__":
    main()
