"""Measurements anyone can rerun: `python -m perf NAME`."""
