"""What will go wrong on many processes, found before: one rule a file, with key, reason and fix."""
