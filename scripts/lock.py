"""Write `requirements/*.txt` from `pyproject.toml`; this is `make lock`.

The lock holds names, versions and hashes for every platform, and no index addresses. A version that still fits is
kept unless `--upgrade` is given.
"""

from __future__ import annotations

import subprocess
import sys

from scripts.setup import ROOT, UV, has_certificates

LOCK = "requirements/dev.txt"
BOOTSTRAP = "requirements/bootstrap.txt"
EMULATOR = "requirements/emulator.txt"
DAGSTER = "requirements/dagster.txt"
"""Locks the image of Dagster: the project with the extra `aws`, and no tools of development."""
DEPLOYED = ("requirements/functions", "requirements/engine", "requirements/glue")
"""Names what is deployed, without `.in` and `.txt`; the versions are those that were tested."""
TRINO_JAVA = "requirements/trino-java.txt"
OPTIONS = ("--generate-hashes", "--universal", "--python-version", "3.11", "--no-annotate", "--no-header", "--quiet")


def compile_lock(output: str, *sources: str, given: str = "") -> None:
    """Resolve the sources into one hash-locked file."""
    certificates = ["--system-certs"] if has_certificates() else []
    command = [str(UV), "pip", "compile", *sources, *OPTIONS, *certificates, "--output-file", output]
    result = subprocess.run(command, check=False, cwd=ROOT, input=given, text=True)
    if result.returncode:
        raise SystemExit(f"lock: `{output}` was not written; the lines above say why.")
    print(f"lock: {output}")


def main(flags: list[str]) -> None:
    """Lock everything, then what `make setup` needs before it has uv."""
    compile_lock(LOCK, "pyproject.toml", "--extra", "dev", *flags)
    compile_lock(EMULATOR, "requirements/emulator.in", *flags)
    for name in DEPLOYED:
        compile_lock(f"{name}.txt", f"{name}.in", "--constraints", LOCK)
    compile_lock(TRINO_JAVA, "requirements/trino-java.in", *flags)
    compile_lock(DAGSTER, "pyproject.toml", "--extra", "aws", "--constraints", LOCK)
    compile_lock(BOOTSTRAP, "-", "--constraints", LOCK, given="uv\nsetuptools\nhatchling\n")


if __name__ == "__main__":
    main(sys.argv[1:])
