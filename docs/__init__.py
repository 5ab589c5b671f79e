"""The documentation; ``python -m docs.pictures`` makes its pictures from the app itself."""
