"""The figures: each measured beside its peer, in one run on one machine, and printed as a table.

Kept out of the tests, because a figure depends on the machine; `make bench` prints them all.
"""
