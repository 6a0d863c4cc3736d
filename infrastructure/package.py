"""Build what is deployed: the tree of a function, and from it a zip or the context of an image; wheels for Glue.

Belongs here: our code and the wheels of one lock, side by side in a folder, the same for the same content. Not here:
where it is uploaded (`deploy.py`). A tree is for one version of Python, on Lambda's x86_64; tests build the one of this
machine and run it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from infrastructure.functions import ROOT, Packages
from scripts.setup import UV, has_certificates

PYTHON = "3.13"
"""The version of Python of the deployed functions; Glue 6.0 has the same."""
PLATFORM = "x86_64-manylinux_2_28"
ZIP_LIMIT = 250 * 10**6
"""How large the content of a zip may be: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
CODE = ("lakehouse_assets", "lambdas")
LEFT_OUT = ("lakehouse_assets/graph", "lakehouse_assets/operations", "lakehouse_assets/affise/simulator")
"""Folders that no function needs: Dagster's, the command line, and the simulated tenant."""
KINDS = frozenset({".py", ".yaml", ".yml", ".sql", ".json", ".csv"})
PRUNED_FOLDERS = frozenset({"__pycache__", "tests", "test", "include", "bin"})
PRUNED_FILES = ("*.pyi", "*.pyc", "*.pxd", "*.pyx", "*.h", "*.hpp", "libarrow_flight*", "RECORD")
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every file in a zip, so that the same content is the same zip."""


@dataclass(frozen=True)
class Tree:
    """Hold a built tree: a folder, how many bytes it holds, and a digest of names and content."""

    folder: Path
    bytes: int
    digest: str

    @property
    def fits_zip(self) -> bool:
        """Say whether Lambda takes it as a zip."""
        return self.bytes <= ZIP_LIMIT


def build(packages: Packages, folder: Path, python: str = PYTHON) -> Tree:
    """Make the tree of the functions with these packages; wheels that are there already are not installed again.

    Args:
        packages: the lock whose wheels it holds.
        folder: where it is made; a file beside it, `<folder>.wheels`, says which wheels it has.
        python: the version that it is for, such as `3.13`.
    """
    lock = ROOT / "requirements" / f"{packages}.txt"
    stamp, wanted = folder.with_suffix(".wheels"), f"{python} {_digest_of(lock)}"
    if not (folder.is_dir() and stamp.is_file() and stamp.read_text("ascii") == wanted):
        stamp.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        install(lock, folder, python)
        prune(folder)
        stamp.write_text(wanted, "ascii")
    for name in CODE:
        shutil.rmtree(folder / name, ignore_errors=True)
    copy_code(folder, CODE)
    return measured(folder)


def _digest_of(lock: Path) -> str:
    """Return a digest of which wheels there are and what is left of them."""
    rules = repr((sorted(PRUNED_FOLDERS), PRUNED_FILES))
    return hashlib.sha256(lock.read_bytes() + rules.encode()).hexdigest()


def install(lock: Path, folder: Path, python: str) -> None:
    """Put the wheels of a lock into a folder; each has the hash that the lock says.

    Raises:
        SystemExit: one is not there for this Python, or cannot be had; the lines above say why.
    """
    command = [str(UV), "pip", "install", "--quiet", "--target", str(folder), "--python-version", python]
    command += [
        "--python-platform",
        PLATFORM,
        "--only-binary",
        ":all:",
        "--require-hashes",
        "--no-deps",
        "-r",
        str(lock),
    ]
    command += ["--system-certs"] if has_certificates() else []
    if subprocess.run(command, check=False, cwd=ROOT).returncode:
        raise SystemExit(f"package: the wheels of {lock.name} cannot be installed; the lines above say why.")


def prune(folder: Path) -> None:
    """Remove from installed packages what only their developers need."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and path.name in PRUNED_FOLDERS and path.parent != folder / "pyarrow" / "vendored":
            shutil.rmtree(path)
        elif path.is_file() and any(path.match(pattern) for pattern in PRUNED_FILES):
            path.unlink()


def copy_code(folder: Path, packages: Iterable[str]) -> None:
    """Copy packages of ours, without what no function needs."""
    for source in (path for name in packages for path in sorted((ROOT / name).rglob("*"))):
        key = source.relative_to(ROOT).as_posix()
        if source.suffix in KINDS and not key.startswith(LEFT_OUT) and PRUNED_FOLDERS.isdisjoint(Path(key).parts):
            target = folder / key
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def measured(folder: Path) -> Tree:
    """Return a built folder with its size and its digest."""
    found, size = hashlib.sha256(), 0
    for path in files_of(folder):
        content = path.read_bytes()
        size += len(content)
        found.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
        found.update(content)
    return Tree(folder, size, found.hexdigest())


def files_of(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder, sorted by name; not what Python left there when the tree was tried."""
    yield from sorted(path for path in folder.rglob("*") if path.is_file() and path.parent.name != "__pycache__")


def pack(tree: Tree, target: Path, *, level: int = 6) -> Path:
    """Write a tree as a zip that is the same for the same content; one that is there already is kept.

    Args:
        tree: what it holds.
        target: the zip; a file beside it says of which content it was made.
        level: how hard it is compressed, from 1 to 9.
    """
    stamp, wanted = target.with_suffix(".zipped"), f"{level} {tree.digest}"
    if target.is_file() and stamp.is_file() and stamp.read_text("ascii") == wanted:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as made:
        for path in files_of(tree.folder):
            info = zipfile.ZipInfo(path.relative_to(tree.folder).as_posix(), EPOCH)
            info.external_attr, info.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
            if path.suffix == ".so" or os.access(path, os.X_OK):
                info.external_attr = 0o755 << 16
            made.writestr(info, path.read_bytes())
    stamp.write_text(wanted, "ascii")
    return target


def key_of(path: Path, folder: str) -> str:
    """Return the key under which a file is uploaded: its content's digest, so a key never changes its meaning."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    return f"{folder}/{path.stem.split('.')[0]}-{digest}{''.join(path.suffixes)}"


def this_python() -> str:
    """Return the version of the Python that runs, as `build` takes it."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"
