"""Start the emulator with its patches, by the Python of `.emulator`: `launch.py [patch to leave out]...`.

Address, port and region are MiniStack's own variables, see `running.py`.
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path

WRITTEN_FOR = "1.5.33"


def main(left_out: list[str]) -> None:
    """Serve until the process is ended."""
    found = version("ministack")
    if found != WRITTEN_FOR:
        raise SystemExit(
            f"the patches are written for MiniStack {WRITTEN_FOR}, and this is {found}: look at each of them"
        )
    sys.path.insert(0, str(Path(__file__).parent))
    from patches import PATCHES

    for name, patch in PATCHES.items():
        if name not in left_out:
            patch()
    from ministack.app import main as serve

    sys.argv = sys.argv[:1]
    serve()


if __name__ == "__main__":
    main(sys.argv[1:])
