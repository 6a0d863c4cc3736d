"""Run Trino as the engine behind the emulator's Athena, over the emulator's Glue catalog and S3.

Queries name tables as in Athena; the catalog `awsdatacatalog` leads to the connector that a table is for.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import urlopen

from lakehouse_assets_tests.emulator.running import REGION, free_port
from lakehouse_assets_tests.emulator.trino.fetching import find_java
from lakehouse_assets_tests.emulator.trino.places import server

SECONDS = 180
JVM_OPTIONS = (
    "-Xmx1500M",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:-UsePerfData",
    "-Djdk.attach.allowAttachSelf=true",
    "--sun-misc-unsafe-memory-access=allow",
    "--enable-native-access=ALL-UNNAMED",
)
"""Short queries on small tables: the quick compiler only, and no collector beside the work."""
GLUE = {
    "hive.metastore.glue.region": REGION,
    "hive.metastore.glue.aws-access-key": "test",
    "hive.metastore.glue.aws-secret-key": "test",
}
S3 = {
    "fs.native-s3.enabled": "true",
    "s3.region": REGION,
    "s3.path-style-access": "true",
    "s3.aws-access-key": "test",
    "s3.aws-secret-key": "test",
}
CATALOGS: Mapping[str, Mapping[str, str]] = {
    "awsdatacatalog": {
        "connector.name": "hive",
        "hive.metastore": "glue",
        "hive.iceberg-catalog-name": "iceberg",
        "hive.delta-lake-catalog-name": "delta",
        "hive.non-managed-table-writes-enabled": "true",
    },
    "iceberg": {
        "connector.name": "iceberg",
        "iceberg.catalog.type": "glue",
        "iceberg.unique-table-location": "false",
        # Tests change tables behind its back, which nobody does with a lake that is served.
        "iceberg.metadata-cache.enabled": "false",
    },
    "delta": {
        "connector.name": "delta_lake",
        "hive.metastore": "glue",
        "delta.register-table-procedure.enabled": "true",
        "delta.metadata.cache-ttl": "0s",
        "delta.metadata.live-files.cache-ttl": "0s",
        "delta.metastore.store-table-metadata": "true",
    },
}


@dataclass(frozen=True)
class Trino:
    """A running server: its address and its process."""

    url: str
    pid: int


@contextmanager
def serving(emulator_url: str, port: int | None = None) -> Iterator[Trino]:
    """Run a server over the catalog and the S3 of an emulator; it is ready when this begins, after some 20 seconds."""
    java = find_java()
    if java is None or not server().is_dir():
        raise RuntimeError("Trino is not on this machine: `make e2e` fetches it")
    port = port or free_port()
    with TemporaryDirectory(prefix="trino-") as folder:
        configure(Path(folder), port, emulator_url)
        with Path(folder, "log").open("wb") as log:
            process = subprocess.Popen(command(java, folder), cwd=folder, env=environment(), stdout=log, stderr=log)
        try:
            wait(f"http://127.0.0.1:{port}/v1/info", process, Path(folder, "log"))
            yield Trino(f"http://127.0.0.1:{port}", process.pid)
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(5)
            process.kill()
            process.wait()


def command(java: Path, folder: str) -> list[str]:
    """Return how the server is started; it takes its settings from a folder."""
    settings = (
        f"-Dnode.data-dir={folder}/data",
        f"-Dconfig={folder}/config.properties",
        f"-Dlog.levels-file={folder}/log.properties",
        f"-Dcatalog.config-dir={folder}/catalog",
        f"-Dplugin.dir={server()}/plugin",
        "-Dnode.environment=test",
        f"-Dnode.id={uuid.uuid4()}",
        "-Dnode.bind-ip=127.0.0.1",
        "-Dnode.internal-address=127.0.0.1",
    )
    return [str(java), *JVM_OPTIONS, *settings, "-cp", f"{server()}/lib/*", "io.trino.server.TrinoServer"]


def environment() -> dict[str, str]:
    """Return the variables of its process: none that leads to an account."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}


def configure(folder: Path, port: int, emulator_url: str) -> None:
    """Write the settings of one server."""
    config = {
        "coordinator": "true",
        "node-scheduler.include-coordinator": "true",
        "http-server.http.port": str(port),
        "discovery.uri": f"http://127.0.0.1:{port}",
        "query.max-memory": "600MB",
        "query.max-memory-per-node": "500MB",
        "query.max-length": "1000000",
        "catalog.management": "static",
        "task.concurrency": "2",
        "web-ui.enabled": "false",
    }
    write(folder / "config.properties", config)
    write(folder / "log.properties", {"io.trino": "WARN"})
    (folder / "catalog").mkdir()
    reached = {"hive.metastore.glue.endpoint-url": emulator_url, "s3.endpoint": emulator_url}
    for name, catalog in CATALOGS.items():
        write(folder / "catalog" / f"{name}.properties", {**catalog, **GLUE, **S3, **reached})


def write(file: Path, properties: Mapping[str, str]) -> None:
    """Write a Java properties file."""
    file.write_text("".join(f"{name}={value}\n" for name, value in properties.items()), encoding="utf-8")


def wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the server takes queries.

    Raises:
        RuntimeError: it ended, or takes none after three minutes; with what it wrote.
    """
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and process.poll() is None:
        with suppress(OSError), urlopen(url, timeout=5) as answer:  # noqa: S310 - loopback
            if not json.load(answer)["starting"]:
                return
        time.sleep(0.2)
    raise RuntimeError(f"Trino did not start: {log.read_text(errors='replace')[-5000:]}")


if __name__ == "__main__":
    with serving(sys.argv[1]) as trino:
        sys.stdout.write(f"{trino.url} {trino.pid}\n")
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            os.waitpid(trino.pid, 0)
