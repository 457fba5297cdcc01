"""Measurements anyone can rerun: `python -m perf NAME`. A folder per question, and three that they share.

report: how results are written and drawn. load: what drives a server and reads what it cost.
served: the same code and networks without a server.
"""

from server import model_packages

model_packages.add_to_path()
