"""Find a Java that Spark 4.1 starts on.

Belongs here: where a Java may be and whether it fits. Not here: installing one (`make spark`), reading the environment
(callers hand it in).
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from lakehouse_assets.errors import JavaMissing

ROOT = Path(__file__).resolve().parents[2]
FITTING = ("17", "21")
"""Java versions that https://spark.apache.org/docs/4.1.1/ names; Spark does not start on 25."""
PLACES = (
    (ROOT / ".java", "*/bin/java"),
    (ROOT / ".java", "*/Contents/Home/bin/java"),
    (Path("/usr/lib/jvm"), "*/bin/java"),
)
"""Where `make spark` puts a Java of the project's own, and where Linux distributions put theirs."""
PROPERTY = re.compile(r"^\s*(java\.home|java\.specification\.version) = (.+?)\s*$", re.MULTILINE)


def require_java(environment: Mapping[str, str]) -> Path:
    """Return the home of the first Java 17 or 21 in `JAVA_HOME`, `PATH`, the project's `.java`, `/usr/lib/jvm`.

    Raises:
        JavaMissing: there is none; the message says which versions were found.
    """
    versions = []
    for java in candidates(environment):
        said = dict(PROPERTY.findall(ask(java)))
        version = said.get("java.specification.version")
        if version in FITTING:
            return Path(said["java.home"])
        versions += [f"Java {version}"] if version else []
    raise JavaMissing(found=", ".join(dict.fromkeys(versions)) or "none")


def find_java(environment: Mapping[str, str]) -> Path | None:
    """Return the home of the Java that `require_java` finds; None without one."""
    try:
        return require_java(environment)
    except JavaMissing:
        return None


def candidates(environment: Mapping[str, str]) -> Iterator[Path]:
    """Yield the programs that may be a Java, best first."""
    if environment.get("JAVA_HOME"):
        yield Path(environment["JAVA_HOME"], "bin", "java")
    if found := shutil.which("java", path=environment.get("PATH", "")):
        yield Path(found)
    for folder, pattern in PLACES:
        yield from sorted(folder.glob(pattern))


def ask(java: Path) -> str:
    """Return what a Java says about itself; nothing when it does not start."""
    command = [str(java), "-XshowSettings:properties", "-version"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30).stderr  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
