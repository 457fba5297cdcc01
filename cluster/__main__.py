"""`python -m cluster`, see `cluster.command`."""

import signal
import sys

signal.signal(signal.SIGINT, signal.SIG_DFL)  # until there is something to clean up
try:
    from cluster.command import main
    from tooling.terminal import run
except ModuleNotFoundError as error:
    extras = "server,exporters,perf,cluster"
    sys.exit(f"error: {error.name} is not installed: run make setup, or pip install -e '.[{extras}]'")

sys.exit(run(main))
