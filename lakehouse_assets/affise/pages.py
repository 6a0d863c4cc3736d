"""Name the pages of complete slices as files of a run's manifest, once for each dataset that is read from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from lakehouse_assets.affise.bronze import ROOT
from lakehouse_assets.affise.notes import SliceManifest
from lakehouse_assets.core.manifest import FileEntry, datasets_of


def entries(slices: Iterable[SliceManifest], patterns: Mapping[str, tuple[str, ...]]) -> Iterator[FileEntry]:
    """Yield an entry per page and dataset; empty pages say nothing and are left out.

    Args:
        slices: complete ones.
        patterns: of each landing dataset, see `core.manifest.dataset_of`.
    """
    for one in slices:
        for page in (*one.pages, *filter(None, [one.gone])):
            if not page.records:
                continue
            key = f"affise/{one.endpoint}/{page.key.removeprefix(f'{ROOT}/{one.endpoint}/').replace('/', '_')}"
            for dataset in datasets_of(key, patterns):
                yield FileEntry(dataset, key, page.etag, page.size_bytes, page.received_at, archived=page.key)
