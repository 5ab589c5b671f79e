"""Debug runs: the plan, the tiny model, the run itself, and where it stops."""
