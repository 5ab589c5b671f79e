"""Axolotl's own strategy objects, run on raw rows and watched; imported in the worker only.

Nothing here decides a label. Each kind of strategy is called as axolotl calls it, with recorders
round its own methods; the replay then names a reason for every token, and what it names must give
the labels that axolotl returned.
"""
