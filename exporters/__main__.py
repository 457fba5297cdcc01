"""Entry point of ``python -m exporters``."""

import sys

from exporters.cli import main
from tooling.exit_codes import INTERRUPTED

try:
    sys.exit(main())
except KeyboardInterrupt:
    sys.exit(INTERRUPTED)
