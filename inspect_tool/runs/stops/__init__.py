"""Named stops: a debugger stops in the source that is installed, whichever version it is."""
