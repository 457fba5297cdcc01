"""Entry point of ``python -m exporters``."""

import sys

from exporters.cli import main
from tooling.terminal import run

sys.exit(run(main))
