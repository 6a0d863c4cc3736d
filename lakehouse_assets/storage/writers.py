"""Ask the system whether a process has a file open for writing.

Linux answers by a lease: it grants a read lease only on a file that nobody has open for writing
(https://man7.org/linux/man-pages/man2/F_GETLEASE.2const.html). It is given back at once. Not every system and file
system has leases, and on somebody else's file only a privileged process gets one.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
from pathlib import Path


def is_being_written(path: Path) -> bool | None:
    """Say whether a process of this machine has the file open for writing; None where the system does not show it."""
    if not hasattr(fcntl, "F_SETLEASE"):
        return None
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        # Who opens the file in this very moment breaks the lease, of which we are told by a signal: by one that is
        # ignored, since the usual one ends the process.
        fcntl.fcntl(handle, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return True if error.errno == errno.EAGAIN else None
    finally:
        os.close(handle)
    return False
