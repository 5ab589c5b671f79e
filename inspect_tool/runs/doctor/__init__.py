"""The machine as a training run will find it, and what of it will get in the way."""
