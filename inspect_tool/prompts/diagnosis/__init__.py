"""Named causes of a difference, one a module: each decided by taking the cause away and looking."""
