"""Keep the records of a file that were made while it was looked at, so that it is not read a second time.

They lie in a folder of temporary files of the machine, as an Arrow stream; what they mean is known to whoever keeps
them. A value that can be pickled: processes of one machine keep and read each other's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from lakehouse_assets.storage.os_errors import storage_error

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class KeptRecords:
    """Keep records below one folder, a file for each ordinal."""

    folder: str

    @classmethod
    def below(cls, scratch: str) -> KeptRecords:
        """Return a keeper of its own in a folder of temporary files, which is not made before it is needed."""
        return cls(f"{scratch}/kept-{uuid4().hex}")

    @contextmanager
    def keeping(self, ordinal: int) -> Iterator[Callable[[pa.RecordBatch], None]]:
        """Give a function that keeps one batch more of a file; the records are whole when the block has ended.

        Raises:
            DiskFull: there is no room for them.
        """
        import pyarrow as pa

        writers: list[pa.ipc.RecordBatchStreamWriter] = []
        try:
            with ExitStack() as stack:

                def keep(batch: pa.RecordBatch) -> None:
                    if not writers:
                        Path(self.folder).mkdir(parents=True, exist_ok=True)
                        file = stack.enter_context(pa.OSFile(self._path(ordinal), "wb"))
                        options = pa.ipc.IpcWriteOptions(compression="lz4")
                        writers.append(stack.enter_context(pa.ipc.new_stream(file, batch.schema, options=options)))
                    writers[0].write_batch(batch)

                yield keep
        except OSError as error:
            raise storage_error(self.folder, error) from error

    def batches(self, ordinal: int) -> Iterator[pa.RecordBatch]:
        """Yield the records that were kept of a file, and none where there were none."""
        import pyarrow as pa

        try:
            file = pa.OSFile(self._path(ordinal))
        except FileNotFoundError:
            return
        with file, pa.ipc.open_stream(file) as reader:
            yield from reader

    def _path(self, ordinal: int) -> str:
        return f"{self.folder}/{ordinal}.arrow"
