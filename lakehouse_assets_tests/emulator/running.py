"""Start and end the emulator of AWS on a free port of this machine, and say by which variables it is used."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import URLError
from urllib.request import Request, urlopen

from lakehouse_assets.engines.java import find_java
from lakehouse_assets.engines.spark_s3 import s3_settings
from lakehouse_assets.engines.spark_session import spark_config
from lakehouse_assets.storage.aws import Access

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".emulator" / "bin" / "python"
REGION = "eu-west-1"
JOB_MEMORY = "1500m"
RUNTIME_PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath", "urllib3", "dateutil", "six")
"""https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html#python-sdk-included"""
SECONDS = 60


@dataclass(frozen=True)
class Emulator:
    """One running emulator: its address, its process, and the port where it looks for its Trino."""

    url: str
    pid: int
    trino_port: int = 0

    def reset(self) -> None:
        """Forget everything."""
        urlopen(Request(f"{self.url}/_ministack/reset", method="POST"), timeout=SECONDS).close()  # noqa: S310 - loopback

    def control(self, **asked: object) -> None:
        """Tell it to behave otherwise until the next reset, see `patches/controls.py`."""
        body = json.dumps(asked).encode()
        urlopen(Request(f"{self.url}/_emulator/controls", body, method="POST"), timeout=SECONDS).close()  # noqa: S310 - loopback

    def configure(self, **asked: object) -> None:
        """Set MiniStack's own switches; a name's first underscore-free part is its module: `stepfunctions`."""
        body = json.dumps({name.replace("__", ".", 1): value for name, value in asked.items()}).encode()
        urlopen(Request(f"{self.url}/_ministack/config", body, method="POST"), timeout=SECONDS).close()  # noqa: S310 - loopback

    @property
    def variables(self) -> dict[str, str]:
        """The standard variables by which everything that asks AWS asks this emulator."""
        return variables_for(self.url)


def variables_for(url: str) -> dict[str, str]:
    """The standard variables for an endpoint, such as a proxy before the emulator, and no profile of this machine."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@contextmanager
def running(*left_out: str, **variables: str) -> Iterator[Emulator]:
    """Run an emulator.

    Args:
        left_out: names of patches that it runs without.
        variables: further variables of MiniStack.
    """
    port, trino_port = free_port(), free_port()
    with TemporaryDirectory(prefix="emulator-") as folder:
        settings = {
            **what_runs(Path(folder), f"http://127.0.0.1:{port}"),
            "TRINO_URL": f"http://127.0.0.1:{trino_port}",
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "MINISTACK_REGION": REGION,
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "TMPDIR": folder,
            "HOME": folder,
            "PATH": os.environ["PATH"],
            **variables,
        }
        command = [str(PYTHON), str(Path(__file__).with_name("launch.py")), *left_out]
        with Path(folder, "log").open("wb") as log:
            process = subprocess.Popen(command, env=settings, stdout=log, stderr=log)
        try:
            wait(f"http://127.0.0.1:{port}/_ministack/health", process, Path(folder, "log"))
            yield Emulator(f"http://127.0.0.1:{port}", process.pid, trino_port)
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=10)
            process.kill()
            process.wait()


def wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the emulator answers; what it printed is shown where it ends instead."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        with suppress(URLError, ConnectionError, TimeoutError):
            urlopen(url, timeout=5).close()  # noqa: S310 - loopback
            return
        if process.poll() is not None:
            raise RuntimeError(log.read_text(errors="replace"))
        time.sleep(0.05)
    raise RuntimeError(f"the emulator did not start within {SECONDS} s: {log.read_text(errors='replace')}")


def what_runs(folder: Path, url: str) -> dict[str, str]:
    """Return what functions and jobs run by, and write what that takes."""
    java = find_java(os.environ)
    packages = sysconfig.get_path("purelib")
    return {
        "JOB_PYTHON": sys.executable,
        "JOB_PACKAGES": packages,
        "JOB_SPARK_CONF": str(spark_conf(folder / "spark", url)),
        "JOB_JAVA": str(java or ""),
        "JOB_HOME": str(Path.home()),
        "EMULATOR_FUNCTION_RUNTIME": str(runtime_packages(folder / "runtime", Path(packages))),
    }


def spark_conf(folder: Path, url: str) -> Path:
    """Write what a Glue job's Spark is told by Glue, and return the folder that it lies in."""
    access = Access(key_id="test", secret="test", token=None, region=REGION, endpoint=url)  # noqa: S106 - the emulator\'s
    told = {
        **spark_config(JOB_MEMORY, s3=True),
        **{f"spark.hadoop.{k}": v for k, v in s3_settings(access).items() if v},
    }
    folder.mkdir()
    (folder / "spark-defaults.conf").write_text("".join(f"{name} {value}\n" for name, value in told.items()))
    return folder


def runtime_packages(folder: Path, packages: Path) -> Path:
    """Make a folder of what AWS' Python runtime has beside the standard library: boto3 and what that needs."""
    folder.mkdir()
    for name in RUNTIME_PACKAGES:
        found = packages / name if (packages / name).exists() else packages / f"{name}.py"
        (folder / found.name).symlink_to(found)
    return folder


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


if __name__ == "__main__":
    with running(*sys.argv[1:]) as emulator:
        sys.stdout.write("".join(f"export {name}={value}\n" for name, value in emulator.variables.items()))
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            os.waitpid(emulator.pid, 0)
