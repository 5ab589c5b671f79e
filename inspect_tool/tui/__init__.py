"""The Textual app: screens and widgets over the core; it shows and asks, and decides nothing."""
