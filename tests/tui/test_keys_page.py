"""The documentation of the keys is the table that binds them."""

from __future__ import annotations

from docs.keys import PAGE, page


def test_keys_page_is_up_to_date() -> None:
    """The page docs/keys.md is what `python -m docs.keys` writes."""
    assert PAGE.read_text("utf-8") == page()
