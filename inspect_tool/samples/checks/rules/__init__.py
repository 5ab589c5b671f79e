"""The rules, one a file; ``checks.registry`` lists them."""
