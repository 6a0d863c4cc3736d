"""Start and end the emulator of AWS on a free port of this machine, and say by which variables it is used."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import URLError
from urllib.request import Request, urlopen

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".emulator" / "bin" / "python"
REGION = "eu-west-1"
SECONDS = 60


@dataclass(frozen=True)
class Emulator:
    """One running emulator: its address and its process."""

    url: str
    pid: int

    def reset(self) -> None:
        """Forget everything."""
        urlopen(Request(f"{self.url}/_ministack/reset", method="POST"), timeout=SECONDS).close()  # noqa: S310 - loopback

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
    port = free_port()
    with TemporaryDirectory(prefix="emulator-") as folder:
        settings = {
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
            yield Emulator(f"http://127.0.0.1:{port}", process.pid)
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
