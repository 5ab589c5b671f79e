"""What the app asks in its prompt line or a small list, and what each answer does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from textual.app import SystemCommand
from textual.binding import Binding

from inspect_tool.errors import InspectError
from inspect_tool.runs.config import Config
from inspect_tool.samples.glyphs import safe
from inspect_tool.samples.row_order import FILTER_EXAMPLES, RowOrder, Sort, parse_filter
from inspect_tool.tui.actions import spoken
from inspect_tool.tui.chrome import condition_text
from inspect_tool.tui.document import Request
from inspect_tool.tui.widgets.parts import Part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.tui.app import InspectApp
    from inspect_tool.tui.screens.choose import Choice
    from inspect_tool.tui.widgets.document_view import DocumentView
    from inspect_tool.tui.widgets.prompt import Question

Runner = Callable[[], Awaitable[None]]

SORTS: Final = (
    (Sort.ROW, False, "row, as in the file"),
    (Sort.LENGTH, True, "length, the longest first"),
    (Sort.LENGTH, False, "length, the shortest first"),
    (Sort.SHARE, False, "trained share, the smallest first"),
    (Sort.SHARE, True, "trained share, the largest first"),
    (Sort.TRAINED, False, "trained tokens, the fewest first"),
    (Sort.TRAINED, True, "trained tokens, the most first"),
    (Sort.PROBLEM, True, "problems, the worst first"),
)


def go_to_row(view: DocumentView) -> Question:
    """Ask for a row number."""
    from inspect_tool.tui.widgets.prompt import Question

    last = view.document.order.total - 1

    def answer(text: str) -> str:
        digits = text.strip().replace(",", "").replace("_", "")
        if not digits.isascii() or not digits.isdecimal() or int(digits) > last:
            raise InspectError("no such row", fix=f"rows are 0 to {last:,}")
        view.row = int(digits)
        return ""

    return Question("Row", answer, placeholder=f"0 to {last:,}")


def find(view: DocumentView) -> Question:
    """Ask for a text or token id to find in the sample."""
    from inspect_tool.samples.search import parse_query
    from inspect_tool.tui.widgets.prompt import Question

    def look(text: str, *, forward: bool) -> str:
        needle = view.needle = parse_query(text)
        if needle == "":
            return ""
        if view.find(needle, forward=forward) is None:
            raise InspectError("not in this sample", fix="ctrl+f searches every row")
        place, count = view.tokens.match_place if view.tokens else (0, 0)
        return f"{place:,} of {count:,}"

    return Question(
        "Find",
        lambda text: look(text, forward=True),
        placeholder="text, or #123 for a token id; enter next, ↑ previous, escape closes",
        stay=True,
        back=lambda text: look(text, forward=False),
    )


def search(app: InspectApp) -> Question:
    """Ask for a text or token id to find in every row."""
    from inspect_tool.samples.search import ensure_searchable, parse_query
    from inspect_tool.tui.widgets.prompt import Question

    def answer(text: str) -> str:
        opened = app.view.document.opened if app.view else None
        if opened is not None:
            ensure_searchable(opened.dataset, opened.vocabulary, parse_query(text))
            app.begin_search(parse_query(text))
        return ""

    return Question(
        "Search all rows", answer, placeholder="text, or #123 for a token id", leads_on=True
    )


def filter_rows(view: DocumentView) -> Question:
    """Ask for conditions that rows must fulfil."""
    from inspect_tool.tui.widgets.prompt import Question

    order = view.document.order

    def answer(text: str) -> str:
        where = parse_filter(text)
        view.arrange_rows(RowOrder(order.total, None, order.sort, order.descending, where))
        return ""

    present = " ".join(map(condition_text, order.where))
    return Question("Filter", answer, placeholder=f"{FILTER_EXAMPLES} (empty: all)", value=present)


def choose_sort(app: InspectApp, view: DocumentView) -> None:
    """Let the person choose an order of the rows."""
    from inspect_tool.tui.screens.choose import ChooseScreen

    order = view.document.order
    present = next(
        (
            i
            for i, (by, down, _) in enumerate(SORTS)
            if (by, down) == (order.sort, order.descending)
        ),
        0,
    )

    def chosen(index: int | None) -> None:
        if index is not None:
            by, down, _ = SORTS[index]
            view.arrange_rows(RowOrder(order.total, None, by, down, order.where))

    choices = [((Part(title),), ()) for _, _, title in SORTS]
    app.push_screen(ChooseScreen("Sort the rows by", choices, chosen=present), chosen)


def choose_config(app: InspectApp, view: DocumentView) -> None:
    """Let the person choose among the configs that may have made the dataset."""
    from inspect_tool.tui.screens.choose import ChooseScreen

    target = view.document.target
    candidates = target.candidates if target else ()
    if target is None or not candidates:
        app.ask(config_path(app, view))
        return

    def chosen(index: int | None) -> None:
        if index == len(candidates):
            app.ask(config_path(app, view))
        elif index is not None:
            asked = view.document.request
            config = candidates[index].config.path
            app.open(Request(asked.path, config, asked.tokenizer), instead=view)

    choices: list[Choice] = [
        (
            (Part(safe(str(candidate.config.path))),),
            (Part("" if candidate.plausible else "other columns", "warn"),),
        )
        for candidate in candidates
    ]
    choices.append(((Part("another YAML…", "dim"),), ()))
    present = next((i for i, c in enumerate(candidates) if c.config is target.config), 0)
    app.push_screen(
        ChooseScreen("Which config made this dataset?", choices, chosen=present), chosen
    )


def config_path(app: InspectApp, view: DocumentView) -> Question:
    """Ask for the YAML that the dataset belongs to."""
    from inspect_tool.tui.widgets.path_suggester import PathSuggester
    from inspect_tool.tui.widgets.prompt import Question

    def answer(text: str) -> str:
        path = Path(text.strip()).expanduser().absolute()
        Config.read(path)
        asked = view.document.request
        app.open(Request(asked.path, path, asked.tokenizer), instead=view)
        return ""

    return Question(
        "Config", answer, placeholder="the axolotl YAML of this dataset", suggester=PathSuggester()
    )


def open_path(app: InspectApp) -> Question:
    """Ask for a path to open."""
    from inspect_tool.tui.widgets.path_suggester import PathSuggester
    from inspect_tool.tui.widgets.prompt import Question

    def answer(text: str) -> str:
        path = Path(text.strip()).expanduser().absolute()
        if not text.strip() or not path.exists():
            raise InspectError("no such file or folder", fix="→ completes a path")
        app.open(Request(path, tokenizer=app.request.tokenizer))
        return ""

    return Question(
        "Open",
        answer,
        placeholder="a YAML, a prepared folder, a directory",
        suggester=PathSuggester(),
    )


def tokenizer(app: InspectApp, view: DocumentView) -> Question:
    """Ask for the tokenizer to read the dataset with."""
    from inspect_tool.tui.widgets.path_suggester import PathSuggester
    from inspect_tool.tui.widgets.prompt import Question

    def answer(text: str) -> str:
        if not text.strip():
            raise InspectError(
                "no tokenizer named", fix="a folder with tokenizer.json, or a Hub name"
            )
        asked = view.document.request
        app.open(Request(asked.path, asked.config, text.strip()), instead=view)
        return ""

    named = view.document.request.tokenizer or ""
    return Question(
        "Tokenizer",
        answer,
        placeholder="a folder with tokenizer.json, or a Hub name that is on this machine",
        value=named,
        suggester=PathSuggester(),
    )


def end_preparing(app: InspectApp, name: str) -> None:
    """Let the person end a running preparation."""
    from inspect_tool.tui.screens.choose import ChooseScreen

    def chosen(index: int | None) -> None:
        if index == 1:
            app.background.end_preparing()

    choices = [((Part("let it run"),), ()), ((Part("end it"),), ())]
    app.push_screen(ChooseScreen(f"axolotl is preparing {safe(name)}", choices), chosen)


def quit_training(app: InspectApp) -> None:
    """Let the person end the app although their training would end with it."""
    from inspect_tool.tui.screens.choose import ChooseScreen

    def chosen(index: int | None) -> None:
        if index == 1:
            app.exit()

    choices = [((Part("stay"),), ()), ((Part("quit, and end the training"),), ())]
    app.push_screen(ChooseScreen("The training run ends with the app", choices), chosen)


def token_commands(view: DocumentView | None) -> Iterator[SystemCommand]:
    """Yield the token view's own keys for the command palette."""
    tokens = view.tokens if view is not None else None
    if view is None or tokens is None or view.sample is None:
        return
    for binding in (b for cls in type(tokens).__mro__ for b in getattr(cls, "BINDINGS", ())):
        if isinstance(binding, Binding) and binding.description:
            keys = "  ".join(spoken(key.strip()) for key in binding.key.split(","))
            yield SystemCommand(binding.description, keys, _token_runner(view, binding.action))


def _token_runner(view: DocumentView, action: str) -> Runner:
    async def run() -> None:
        if view.tokens is not None:
            await view.tokens.run_action(action)

    return run
