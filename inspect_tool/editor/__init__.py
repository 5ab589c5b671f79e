"""What editors are given: launch configurations, tasks and settings, merged into people's files."""
