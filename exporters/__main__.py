"""Entry point of ``python -m exporters``."""

import sys

from exporters.cli import main

try:
    sys.exit(main())
except KeyboardInterrupt:
    sys.exit(130)
