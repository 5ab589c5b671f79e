"""A config run twice for real, on one process and on many, and compared by its numbers."""
