"""What happened to a run that failed: the cause, its evidence, the key and the way out."""
