"""Tests of what concerns many processes."""
