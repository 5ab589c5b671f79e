"""Asking a saved model for what it has learned by heart, through the prompts of inference."""
