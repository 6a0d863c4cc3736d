"""Make `.venv` and `.emulator` what their locks say; this is `make setup`.

This script leads from a bare Python to a complete virtual environment. It uses the standard library only, because it
runs before anything is installed. What is installed stands in `requirements/`.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import ssl
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = VENV / "bin" / "uv"
BOOTSTRAP = ROOT / "requirements" / "bootstrap.txt"
LOCK = ROOT / "requirements" / "dev.txt"
PACKAGES = ("lakehouse_assets", "lambdas", "stepfunctions")
EMULATOR = ROOT / ".emulator"
EMULATOR_LOCK = ROOT / "requirements" / "emulator.txt"

NO_VENV = (
    "Python's `venv` module is missing: install it (Debian and Ubuntu: `apt-get install python3-venv`) "
    "and run the command again."
)
NO_NETWORK = (
    "The package index could not be reached: the first setup downloads about 1 GB, "
    "so connect to the network (or set the proxy) and run the command again."
)
NOT_INSTALLED = "The packages of `requirements` could not be installed: the lines above say why."
# What pip and uv print when the index cannot be reached at all.
NETWORK_SIGNS = (
    "NewConnectionError",
    "NameResolutionError",
    "Timeout",
    "ProxyError",
    "error sending request",
    "dns error",
)
# What pip and uv begin their errors with; from there on the text waits for the verdict.
ERROR_STARTS = ("error:", "ERROR:", "WARNING: Retrying")
# uv's one line per installed package.
UNWANTED = (" + ", " - ")


def digest(root: Path, inputs: tuple[Path, ...]) -> str:
    """Return a fingerprint of what an environment depends on, its own place included (its scripts name it)."""
    found = hashlib.sha256(os.fsencode(root))
    for path in inputs:
        found.update(path.read_bytes())
    return found.hexdigest()


def is_usable() -> bool:
    """Say whether `.venv` has its Python and was made at this place: a moved one's scripts start another Python."""
    pip = VENV / "bin" / "pip"
    return PYTHON.is_file() and pip.is_file() and str(VENV) in pip.read_text(encoding="utf-8")


def is_network(output: str) -> bool:
    """Say whether what pip or uv printed says that the index could not be reached.

    >>> is_network("  cause: dns error"), is_network("hashes do not match")
    (True, False)
    """
    return any(sign in output for sign in NETWORK_SIGNS)


def has_certificates() -> bool:
    """Say whether the system keeps certificates; those of company proxies are known there only."""
    paths = ssl.get_default_verify_paths()
    return bool(paths.cafile or (paths.capath and any(Path(paths.capath).iterdir())))


def run(step: str, *command: str | Path) -> None:
    """Run one step with its progress shown and its seconds printed; stop with a sentence when it fails."""
    say(step)
    begun = time.monotonic()
    process = subprocess.Popen([str(part) for part in command], stderr=subprocess.PIPE, cwd=ROOT)
    errors = show(process.stderr or ())
    if process.wait():
        stop(errors)
    say(f"  done in {time.monotonic() - begun:.1f} s")


def show(lines: Iterable[bytes]) -> str:
    """Pass on progress as it comes; from the first error on keep the text and hand it back."""
    errors = ""
    for raw in lines:
        line = raw.decode(errors="replace")
        if errors or line.startswith(ERROR_STARTS):
            errors += line
        elif not line.startswith(UNWANTED):
            sys.stderr.write(line)
            sys.stderr.flush()
    return errors


def stop(errors: str) -> NoReturn:
    """End with one sentence; errors that are not the network's are shown above it."""
    if is_network(errors):
        raise SystemExit(f"setup: {NO_NETWORK}")
    sys.stderr.write(errors)
    raise SystemExit(f"setup: {NOT_INSTALLED}")


def say(text: str) -> None:
    """Print at once, also into a pipe."""
    print(f"setup: {text}", flush=True)


def uv(*arguments: str | Path, python: Path = PYTHON) -> tuple[str | Path, ...]:
    """Return a uv command on an environment, which is the project's own if none is named."""
    certificates = ("--system-certs",) if has_certificates() else ()
    return (UV, *arguments, "--python", python, "--no-build-isolation", *certificates)


def install_locked() -> None:
    """Bring `.venv` up to the lock: Python, then uv, then every package."""
    if not all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
        raise SystemExit(f"setup: {NO_VENV}")
    pip = (PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1")
    clear = () if is_usable() else ("--clear",)
    run("1/5 virtual environment .venv", sys.executable, "-m", "venv", *clear, VENV)
    run("2/5 uv, by pip", *pip, "--require-hashes", "-r", BOOTSTRAP)
    run("3/5 the locked packages, by uv", *uv("pip", "sync", "--compile-bytecode", "--require-hashes", LOCK))


def install_project() -> None:
    """Put the project itself into `.venv`, editable, with its commands; needs no network."""
    run("4/5 the project itself", *uv("pip", "install", "--no-deps", "--editable", ROOT))
    # For those whose Python may write none itself: a tenth of a short command's time would go into compiling it anew.
    run("    its bytecode", PYTHON, "-m", "compileall", "-q", *PACKAGES)


def install_emulator() -> None:
    """Make the environment of the emulator that tests run against: it pins an older botocore than the project's."""
    python = EMULATOR / "bin" / "python"
    command = (*uv("pip", "sync", "--quiet", "--require-hashes", EMULATOR_LOCK, python=python),)
    run("5/5 the emulator of AWS, in .emulator", sys.executable, "-m", "venv", "--clear", "--without-pip", EMULATOR)
    run("    its locked packages, by uv", *command)


# What is done, and the files that make it due again.
STAGES = {
    VENV / "locked.sha256": (install_locked, (BOOTSTRAP, LOCK)),
    VENV / "project.sha256": (install_project, (BOOTSTRAP, LOCK, ROOT / "pyproject.toml")),
    EMULATOR / "locked.sha256": (install_emulator, (BOOTSTRAP, EMULATOR_LOCK)),
}


def main() -> None:
    """Do the stages whose inputs changed since they last succeeded; usually none."""
    for stamp, (install, inputs) in STAGES.items():
        wanted = digest(ROOT, inputs)
        if is_usable() and stamp.is_file() and stamp.read_text(encoding="ascii") == wanted:
            continue
        stamp.unlink(missing_ok=True)
        install()
        stamp.write_text(wanted, encoding="ascii")


if __name__ == "__main__":
    main()
