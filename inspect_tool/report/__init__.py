"""What the core found, as text, JSON lines and pages; nothing is decided here."""
