"""Hand on what Dagster's services write, without what frightens for nothing, and without colours in a file.

Dagster colours its log whatever it is written to, and warns of a `dagster.yaml` in the present folder, which is ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import BinaryIO

COLOUR = re.compile(rb"\x1b\[[0-9;]*[A-Za-z]")
NOISE = (
    b"Found a dagster instance configuration value (dagster.yaml) in the current folder",
    b"will not be used to configure Dagster unless it is placed in the same folder as DAGSTER_HOME",
)
"""Holds parts of lines that are left out."""


def hand_on(lines: Iterable[bytes], sink: BinaryIO, *, colours: bool) -> None:
    r"""Write lines as they come.

    Args:
        lines: of the services.
        sink: where they go.
        colours: whether that is a terminal.

    >>> import io
    >>> sink = io.BytesIO()
    >>> hand_on([b"\x1b[34mone\x1b[0m\n", NOISE[0] + b", but ...\n"], sink, colours=False)
    >>> sink.getvalue()
    b'one\n'
    """
    for line in lines:
        if not any(part in line for part in NOISE):
            sink.write(line if colours else COLOUR.sub(b"", line))
            sink.flush()
