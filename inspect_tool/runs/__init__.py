"""Axolotl configs and runs: what a path means, what axolotl makes of it, and its processes."""
