"""The one table of what a person can do: bindings, palette, footer and help derive from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from textual.binding import Binding

from inspect_tool.tui.widgets.parts import Line, Part

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

GROUPS: Final = ("Samples", "Find", "Why", "Runs", "Datasets", "View", "Application")
"""In the order of the help screen."""


@dataclass(frozen=True, slots=True)
class Action:
    """One action of the app; ``id`` is its method without ``action_``, with arguments if any.

    ``keys`` are Textual key names; ``hint`` is its word in the footer, empty to leave it out.
    ``needs`` is what must be open for it to do something.
    """

    id: str
    keys: tuple[str, ...]
    title: str
    group: str
    hint: str = ""
    needs: Literal["", "config", "dataset"] = ""


def _sample(action: str, keys: str, title: str, hint: str = "", group: str = "Samples") -> Action:
    return Action(action, tuple(keys.split()), title, group, hint, needs="dataset")


def _config(action: str, keys: str, title: str, group: str, hint: str) -> Action:
    return Action(action, tuple(keys.split()), title, group, hint, needs="config")


def _app(action: str, keys: str, title: str, group: str, hint: str = "") -> Action:
    return Action(action, tuple(keys.split()), title, group, hint)


ACTIONS: Final = (
    _sample("next_sample", "n", "Next sample", "next"),
    _sample("previous_sample", "p", "Previous sample", "previous"),
    _sample("next_problem", "N", "Next sample with a problem", "problem"),
    _sample("previous_problem", "P", "Previous sample with a problem"),
    _sample("go_to_row", "colon ctrl+g", "Go to a row", "go to"),
    _sample("sort", "s", "Sort the rows", "sort"),
    _sample("filter", "f", "Filter the rows", "filter"),
    _sample("find", "slash", "Find in this sample (text, or #123 for a token id)", "find", "Find"),
    _sample("find_next", "f3 semicolon", "Next match", group="Find"),
    _sample("find_previous", "shift+f3 comma", "Previous match", group="Find"),
    _sample("search", "ctrl+f", "Find across the dataset", "search", "Find"),
    _sample("explain", "enter", "Why is this token trained or masked?", "why", "Why"),
    _sample("raw_row", "R", "Go to the raw row, and back to the tokens", "raw", "Why"),
    _config("diff", "d", "Diff: training against what inference sends", "Why", "diff"),
    _config("live", "L", "Live: render the raw rows now, and again on every save", "Why", "live"),
    _config("debug", "D", "Debug: plan a small run of this config, and start it", "Runs", "debug"),
    _config("scale", "S", "Scale: this config on many processes", "Runs", "scale"),
    _app("open", "o ctrl+o", "Open a YAML or a folder", "Datasets", "open"),
    _sample("choose_config", "c", "Choose the config this dataset belongs to", group="Datasets"),
    _app("tokenizer", "ctrl+t", "Name a tokenizer", "Datasets"),
    _app("prepare", "b", "Prepare the dataset with axolotl", "Datasets"),
    _app("reload", "ctrl+r", "Open again what is on disk", "Datasets"),
    _app("next_tab", "ctrl+pagedown greater_than_sign", "Next tab", "Datasets"),
    _app("previous_tab", "ctrl+pageup less_than_sign", "Previous tab", "Datasets"),
    _app("close_tab", "ctrl+w", "Close the tab", "Datasets"),
    _app("toggle_explorer", "e ctrl+b", "Show or hide the explorer", "View", "explorer"),
    _sample("toggle_rows", "r", "Show or hide the list of rows", "rows", "View"),
    _sample("toggle_inspector", "I", "Show or hide the inspector", group="View"),
    _app("toggle_panel", "ctrl+j", "Show or hide the panel below", "View", "panel"),
    _app("show_panel('problems')", "1", "Problems", "View"),
    _app("show_panel('matches')", "2", "Search results", "View"),
    _app("show_panel('output')", "3", "Output of axolotl", "View"),
    _app("show_panel('why')", "4", "Why this token is trained or masked", "View"),
    _app("toggle_theme", "t", "Light or dark", "View"),
    _app("help", "question_mark f1", "Help: every key", "Application", "help"),
    _app("command_palette", "ctrl+p", "Command palette", "Application", "commands"),
    _app("quit", "q ctrl+q", "Quit", "Application", "quit"),
)

DIFF_ACTIONS: Final = (
    _app("step_sample(1)", "n", "Next sample that differs", "Diff", "next"),
    _app("step_sample(-1)", "p", "Previous sample that differs", "Diff", "previous"),
    _app(
        "step_difference(1)", "right_square_bracket", "Next difference", "Diff", "next difference"
    ),
    _app("step_difference(-1)", "left_square_bracket", "Previous difference", "Diff"),
    _app("app.diff", "d", "Against another target", "Diff", "against"),
    _app("app.toggle_theme", "t", "Light or dark", "Diff"),
    _app("app.help", "question_mark f1", "Help: every key", "Diff", "help"),
    _app("close", "escape q", "Back to the tokens", "Diff", "back"),
)
"""What can be done on the Diff screen; actions of its own, or of the app where they say so."""

LIVE_ACTIONS: Final = (
    _app("step_row(1)", "n", "Next row", "Live", "next"),
    _app("step_row(-1)", "p", "Previous row", "Live", "previous"),
    _app("go_to_row", "colon ctrl+g", "Go to a raw row", "Live", "go to"),
    _app("raw_row", "R", "Go to the raw row, and back to the tokens", "Live", "raw"),
    _app("app.toggle_theme", "t", "Light or dark", "Live"),
    _app("app.help", "question_mark f1", "Help: every key", "Live", "help"),
    _app("close", "escape", "Back to the app", "Live", "back"),
    _app("app.quit", "q ctrl+q", "Quit", "Live", "quit"),
)
"""What can be done on the Live screen, beside the keys of the tokens."""

PLAN_ACTIONS: Final = (
    _app("start", "enter f5", "Start the run", "Plan", "start"),
    _app("options", "o", "Every option of the run", "Plan", "options"),
    _app("toggle_keep", "space", "Keep this line as you wrote it, or change it", "Plan", "keep"),
    _app("set_value", "e", "Set a key by hand", "Plan", "set"),
    _app("stops", "s", "Named stops in axolotl's source", "Plan", "stop at"),
    _app("close", "escape q", "Back to the app", "Plan", "back"),
    _app("app.help", "question_mark f1", "Help: every key", "Plan", "help"),
    _app("toggle_debugger", "b", "Wait for a debugger, or just run", "Plan", "debugger"),
    _app("model", "m", "What is trained: a tiny model, or base_model itself", "Plan", "model"),
    _app("amounts", "a", "How many steps and rows", "Plan", "steps"),
    _app("step_change(1)", "n right_square_bracket", "Next change", "Plan", "next"),
    _app("step_change(-1)", "p left_square_bracket", "Previous change", "Plan"),
    _app("breaks", "f9", "Break at FILE:LINE", "Plan", "break"),
    _app("copy_command", "c", "Copy the command that starts the same run", "Plan", "command"),
    _app("app.toggle_theme", "t", "Light or dark", "Plan"),
)
"""What can be done on the Plan screen."""

RUN_ACTIONS: Final = (
    _app("show_page('run')", "1", "Curves and log", "Run"),
    _app("show_page('batches')", "2", "Batches as the trainer saw them", "Run"),
    _app("show_page('problems')", "3", "Problems, and why a run failed", "Run"),
    _app("show_page('traceback')", "4", "The traceback of a run that failed", "Run"),
    _app("show_page('ranks')", "5", "The ranks of a run on many processes", "Run"),
    _app("show_page('rehearsal')", "6", "What a rehearsal has found", "Run"),
    _app("end_run", "ctrl+c x", "End the run and all that it started", "Run", "end"),
    _app("step_row(1)", "n", "Next row of a batch", "Run", "next row"),
    _app("step_row(-1)", "p", "Previous row of a batch", "Run"),
    _app("step_batch(1)", "N", "Next batch", "Run", "next batch"),
    _app("step_batch(-1)", "P", "Previous batch", "Run"),
    _app("toggle_heat", "c", "Colour tokens by their loss, or by their label", "Run", "loss"),
    _app("app.help", "question_mark f1", "Help: every key", "Run", "help"),
    _app("close", "escape", "Back to the app", "Run", "back"),
    _app("app.quit", "q ctrl+q", "Quit, and end what the app started", "Run", "quit"),
    _app("app.toggle_theme", "t", "Light or dark", "Run"),
)
"""What can be done on the Run screen, beside the keys of the tokens."""

SCALE_ACTIONS: Final = (
    _app("rehearse", "r", "Rehearse: run it tiny on 1 process and on many", "Scale", "rehearse"),
    _app("launch", "l", "Launch: train for real on this machine, asked first", "Scale", "launch"),
    _app("copy_command", "c", "Copy a command, its files written", "Scale", "command"),
    _app("fleet", "p", "How many processes and machines", "Scale", "processes"),
    _app("strategy", "s", "How the model is split", "Scale", "strategy"),
    _app("gpu", "g", "Which GPU", "Scale", "GPU"),
    _app("close", "escape q", "Back to the app", "Scale", "back"),
    _app("app.help", "question_mark f1", "Help: every key", "Scale", "help"),
    _app("tuned_on", "n", "How many processes batch and rate are for", "Scale", "tuned on"),
    _app("step_processes(1)", "plus", "Twice as many processes", "Scale", "more"),
    _app("step_processes(-1)", "minus", "Half as many processes", "Scale", "fewer"),
    _app("model", "m", "Another model's config.json, as for gated ones", "Scale", "model"),
    _app("address", "a", "Where several machines meet", "Scale", "address"),
    _app("other_side", "tab", "From the numbers to the findings, and back", "Scale", "other side"),
    _app("app.toggle_theme", "t", "Light or dark", "Scale"),
)
"""What can be done on the Scale screen."""

_SPOKEN: Final = {
    "colon": ":",
    "slash": "/",
    "semicolon": ";",
    "comma": ",",
    "plus": "+",
    "minus": "-",
    "question_mark": "?",
    "greater_than_sign": ">",
    "less_than_sign": "<",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "pagedown": "page down",
    "pageup": "page up",
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
}


def bindings(actions: Iterable[Action] = ACTIONS) -> Iterator[Binding]:
    """Yield a binding per action; the palette's own comes with Textual."""
    for action in actions:
        if action.id != "command_palette":
            yield Binding(",".join(action.keys), action.id, action.title, show=False)


def hint_parts(actions: Iterable[Action], *, namespace: str = "app") -> Line:
    """Return the keys that have a word for the footer, each with it; clicks run its action."""
    parts: list[Part] = []
    for action in actions:
        if action.hint:
            runs = action.id if action.id.startswith("app.") else f"{namespace}.{action.id}"
            parts.append(Part(spoken(action.keys[0]), "accent", runs))
            parts.append(Part(f" {action.hint}  ", "dim", runs))
    return tuple(parts)


def spoken(key: str) -> str:
    """Return a Textual key name as a person reads it: ``ctrl+pagedown`` -> ``ctrl+page down``."""
    *modifiers, last = key.split("+")
    return "+".join([*modifiers, _SPOKEN.get(last, last)])
