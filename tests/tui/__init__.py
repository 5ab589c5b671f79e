"""The app, its widgets and their pure parts."""
