"""The keys that a debug run changes in a config, each with its reason."""
