"""Start the emulator with its patches, by the Python of `.emulator`: `launch.py [patch to leave out]...`.

Address, port and region are MiniStack's own variables, see `running.py`.
"""

from __future__ import annotations

import os
import sys
import threading
import time
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

    threading.Thread(target=end_with, args=(os.getppid(),), daemon=True).start()
    sys.argv = sys.argv[:1]
    serve()


def end_with(parent: int) -> None:
    """End this process when the one that started it is gone, which a killed one cannot do itself."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
