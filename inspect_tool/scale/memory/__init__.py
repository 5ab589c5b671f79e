"""How many bytes a config takes on each GPU, by part, and what to change so that it fits."""
