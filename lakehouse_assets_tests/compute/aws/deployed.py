"""Functions deployed into the emulator from a few lines of Python."""

from __future__ import annotations

import io
import zipfile

from lakehouse_assets.storage.aws import client_of

ROLE = "arn:aws:iam::000000000000:role/any"


def deploy(name: str, code: str) -> None:
    """Deploy a function whose module has `handler`."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("code_of_it.py", code)
    client_of("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=ROLE,
        Handler="code_of_it.handler",
        Code={"ZipFile": packed.getvalue()},
        Timeout=30,
        MemorySize=256,
    )
