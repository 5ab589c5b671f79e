"""The training rendering of a row held against what inference sends, token by token."""
