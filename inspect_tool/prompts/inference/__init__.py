"""What is sent at inference for the same conversation, one kind of client or server a module."""
