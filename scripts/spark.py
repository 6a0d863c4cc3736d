"""Make Spark ready on this machine; this is `make spark`.

This script gets a Java and the jars of Delta and S3A; how a session is tuned is said in `lakehouse_assets/engines`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from lakehouse_assets.engines.java import ROOT, find_java
from lakehouse_assets.engines.spark_s3 import EXCLUDED
from lakehouse_assets.engines.spark_session import spark_config

# Newest first choice: the Java of Glue 6.0; Debian 13 has 21 only.
SYSTEM_PACKAGES = ("openjdk-17-jre-headless", "openjdk-21-jre-headless")


def main() -> None:
    """Find or install a Java, then start Spark once so that its jars are on this machine."""
    home = find_java(os.environ) or install_java()
    say(f"Java is at {home}")
    warm_jars(home)


def install_java() -> Path:
    """Install the system's Java where that is allowed, else a Temurin in the project's `.java`; return its home."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        install_system_package()
    if not find_java(os.environ):
        install_temurin()
    home = find_java(os.environ)
    if not home:
        raise SystemExit("spark: no Java 17 or 21 could be installed; install one, or set JAVA_HOME, and try again.")
    return home


def install_system_package() -> None:
    """Try the distribution's packages in turn; the first that installs is enough."""
    say("installing Java by apt-get")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], check=False, env=environment)
    for package in SYSTEM_PACKAGES:
        command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", package]
        if subprocess.run(command, check=False, env=environment, stdout=subprocess.DEVNULL).returncode == 0:
            return


def install_temurin() -> None:
    """Download a Temurin 17 into `.java`."""
    import jdk

    say("downloading a Temurin 17 into .java")
    (ROOT / ".java").mkdir(exist_ok=True)
    try:
        jdk.install("17", jre=True, path=str(ROOT / ".java"))
    except (OSError, jdk.JdkError) as error:
        sys.stderr.write(f"{error}\n")


def warm_jars(home: Path) -> None:
    """Start and stop one session, which fetches the jars into the user's Ivy cache (about 15 s the first time)."""
    say("starting Spark once; the first time it downloads the jars of Delta and S3A")
    begun, jars = time.monotonic(), spark_config(s3=True)["spark.jars.packages"]
    command = [sys.executable, "-c", SESSION.format(jars=jars, excluded=",".join(EXCLUDED))]
    result = subprocess.run(command, check=False, env={**os.environ, "JAVA_HOME": str(home)})
    if result.returncode:
        raise SystemExit("spark: Spark did not start; the lines above say why (the jars come from Maven Central).")
    say(f"Spark is ready ({time.monotonic() - begun:.0f} s)")


SESSION = """
from pyspark.sql import SparkSession
builder = SparkSession.builder.master("local[1]").config("spark.jars.packages", "{jars}")
builder.config("spark.jars.excludes", "{excluded}")
builder.config("spark.ui.enabled", "false").getOrCreate().stop()
"""


def say(text: str) -> None:
    """Print at once, also into a pipe."""
    print(f"spark: {text}", flush=True)


if __name__ == "__main__":
    main()
