"""Models of the same architecture made tiny, with the same tokenizer."""
