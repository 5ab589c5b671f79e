"""See what axolotl trains on: a debugger and inspector for fine-tuning runs."""

__version__ = "0.1.0"
