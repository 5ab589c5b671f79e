"""Tests of the devcontainer."""
