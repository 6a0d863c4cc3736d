"""Run `make smoke`."""

import sys

from infrastructure.smoke.command import main

sys.exit(main(sys.argv[1:]))
