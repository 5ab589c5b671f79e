"""The rules. Each module has ``CODES`` and ``look``, which yields what it finds in a case."""
