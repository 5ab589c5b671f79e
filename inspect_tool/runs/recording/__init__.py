"""Runs inside the training process: the trainer's batches, watched and written down."""
