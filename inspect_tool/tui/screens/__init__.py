"""Screens that cover the app for a moment: help, a choice."""
