"""Find a Java that Spark 4.1 starts on.

Belongs here: where a Java may be and whether it fits. Does not belong here: installing one (see `scripts/spark.py`).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# https://spark.apache.org/docs/4.1.1/ names 17 and 21; it does not start on 25.
FITTING = (17, 21)
# Where `make spark` puts a Java of the project's own, and where Linux distributions put theirs.
PLACES = (
    (ROOT / ".java", "*/bin/java"),
    (ROOT / ".java", "*/Contents/Home/bin/java"),
    (Path("/usr/lib/jvm"), "*/bin/java"),
)


def find_java(environment: Mapping[str, str] = os.environ) -> Path | None:
    """Home of the first Java 17 or 21: `JAVA_HOME`, `PATH`, the project's `.java`, `/usr/lib/jvm`; None without one."""
    homes = (fitting_home(inspect(java)) for java in candidates(environment))
    return next((home for home in homes if home), None)


def candidates(environment: Mapping[str, str]) -> Iterator[Path]:
    """Programs that may be a Java, best first."""
    if environment.get("JAVA_HOME"):
        yield Path(environment["JAVA_HOME"], "bin", "java")
    if found := shutil.which("java", path=environment.get("PATH")):
        yield Path(found)
    for folder, pattern in PLACES:
        yield from sorted(folder.glob(pattern))


def inspect(java: Path) -> str:
    """What a Java says about itself; nothing when it does not start."""
    try:
        command = [str(java), "-XshowSettings:properties", "-version"]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30).stderr
    except (OSError, subprocess.TimeoutExpired):
        return ""


def fitting_home(properties: str) -> Path | None:
    r"""The Java home among the printed properties when the version fits.

    >>> fitting_home("    java.home = /opt/jre\n    java.specification.version = 21\n").as_posix()
    '/opt/jre'
    >>> fitting_home("    java.home = /opt/jre\n    java.specification.version = 25\n")
    """
    said = dict(re.findall(r"^\s*(java\.home|java\.specification\.version) = (.+?)\s*$", properties, re.MULTILINE))
    version = said.get("java.specification.version", "")
    return Path(said["java.home"]) if version in map(str, FITTING) else None
