"""Measurements anyone can rerun: `python -m perf NAME`. A folder per question, and two that they share.

report: how results are written and drawn. load: what drives a server and reads what it cost.
"""
