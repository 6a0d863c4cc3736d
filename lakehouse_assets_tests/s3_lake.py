"""A lake and its landing in a bucket of the emulator, driven without Dagster."""

from __future__ import annotations

from collections.abc import Callable

from lakehouse_assets.core.manifest import FileEntry
from lakehouse_assets.engines.protocol import Engine
from lakehouse_assets_tests.lake import LakeDriver
from lakehouse_assets_tests.oracle.loading import File


class S3LakeDriver(LakeDriver):
    """A `LakeDriver` whose lake and landing are prefixes of a bucket.

    Args:
        bucket: URI of the bucket, or of a prefix in it.
        folder: place of the lake, where that is not in the bucket.
    """

    def __init__(
        self, bucket: str, *, zone: str = "UTC", engine: Callable[[], Engine] | None = None, folder: str | None = None
    ) -> None:
        self._open(folder or f"{bucket}/lake", f"{bucket}/landing", zone, engine)

    def _drop(self, file: File) -> FileEntry:
        """Put a file; its time is told, since S3 gives objects the time of their put and nothing else."""
        etag = self.landed.put(file.key, file.content)
        return FileEntry(file.dataset, file.key, etag, len(file.content), file.modified)

    def data_files(self) -> set[str]:
        """Every data file of silver, control tables and gold but the run ledger, live or not."""
        keys = self.value.store.look().keys
        return {k for k in keys if k.endswith(".parquet") and "run_ledger" not in k and "_delta_log" not in k}
