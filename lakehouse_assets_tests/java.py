"""A Java for tests that says its version and does nothing else."""

from __future__ import annotations

from pathlib import Path


def java_of_version(home: Path, version: str) -> Path:
    """Make a Java home whose program only says its version, on stderr as Java does, and fails; return the home."""
    program = home / "bin" / "java"
    program.parent.mkdir(parents=True)
    lines = f"    java.home = {home}\n    java.specification.version = {version}\n"
    program.write_text(f"#!/bin/sh\nprintf '%s' '{lines}' >&2\nexit 1\n")
    program.chmod(0o755)
    return home
