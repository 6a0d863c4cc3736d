"""Measure a lake in S3 beside one in a folder, and count the requests of a run; S3 is the emulator on this machine.

What a request takes there says nothing of a network, so requests are counted: at 20 ms each they are what a run waits
for. Prices are those of S3 Standard in eu-west-1 (https://aws.amazon.com/s3/pricing/, November 2026).
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lakehouse_assets_tests.emulator.proxy import Proxy, serving
from lakehouse_assets_tests.emulator.running import Emulator, running, variables_for
from scripts.bench.bench import EMBEDDED, Bench, Measured, lakehouse

BUCKET = "bench-bucket"
CENTS = {"write": 0.0005, "list": 0.0005, "read": 0.00004, "look": 0.00004, "delete": 0.0, "glue": 0.0001}
"""Cents for one request of a kind, with Glue's first million a month counted too."""
LARGEST = 10
"""The largest scale that is measured: the emulator holds all objects in memory."""
SEED_DAYS = 5


def in_s3(bench: Bench, scales: list[int]) -> None:
    """Measure silver and all gold tables in S3 beside a folder, and count the requests of whole runs."""
    with running() as emulator, serving(emulator.url) as proxy:
        for scale in (scale for scale in scales if scale <= LARGEST):
            _beside_a_folder(bench, emulator, scale)
        _requests(bench, emulator, proxy)


def _beside_a_folder(bench: Bench, emulator: Emulator, scale: int) -> None:
    sample = bench.sample(scale)

    def measure() -> dict[str, Measured]:
        folder = str(bench.fresh("s3-folder"))
        found = {f"{what} folder": bench.measured(EMBEDDED, what, sample, folder) for what in ("load", "gold")}
        with _bucket(emulator, emulator.url, sample) as bucket:
            places = f"{bucket}/landing", f"{bucket}/lake"
            return found | {f"{what} S3": bench.measured(EMBEDDED, what, *places) for what in ("load", "gold")}

    found = bench.medians(measure)
    s3, folder = (sum(found[f"{what} {where}"]["seconds"] for what in ("load", "gold")) for where in ("S3", "folder"))
    parts = ", ".join(
        f"{what} {found[f'{what} S3']['seconds']} / {found[f'{what} folder']['seconds']}" for what in ("load", "gold")
    )
    bench.tell(f"silver and gold {scale}x: S3 / folder, seconds (2.0)", f"{parts}   {s3 / folder:.2f}x")


def _requests(bench: Bench, emulator: Emulator, proxy: Proxy) -> None:
    """Count what a first run, one with nothing to do and one with one new day ask for, each a whole process."""
    sample, landing = bench.sample(1, days=SEED_DAYS + 1), bench.fresh("seed")
    shutil.copytree(sample, landing)
    last = max(path.name for path in landing.glob("*/*.csv"))
    held_back = {path: path.read_bytes() for path in landing.glob(f"*/{last}")}
    for path in held_back:
        path.unlink()
    with _bucket(emulator, proxy.url, landing) as bucket:
        run = ("run", "ecommerce", "--landing", f"{bucket}/landing", "--lake", f"{bucket}/lake")
        for what in ("first", "nothing new", "one new day"):
            if what == "one new day":
                _upload({str(path.relative_to(landing)): data for path, data in held_back.items()})
            proxy.requests.clear()
            seconds = lakehouse(*run, LAKEHOUSE_HISTORY=str(bench.scratch / "history"))
            bench.tell(f"requests of `lakehouse run` on S3, {what}", f"{told(proxy.requests)}   {seconds:.1f} s")


def told(requests: Counter[str]) -> str:
    """Return how many requests of each kind there were, and what they cost.

    >>> told(Counter(read=100, write=10))
    '110: 100 read, 10 write; 0.009 cents'
    """
    kinds = ", ".join(f"{count} {kind}" for kind, count in requests.most_common())
    cents = sum(CENTS[kind] * count for kind, count in requests.items())
    return f"{requests.total()}: {kinds}; {cents:.3f} cents"


@contextmanager
def _bucket(emulator: Emulator, url: str, landing: Path) -> Iterator[str]:
    """Give the URI of a new bucket that holds the files of a folder below `landing/`, with the variables for it set."""
    import boto3

    before = dict(os.environ)
    os.environ.update(variables_for(url))
    try:
        emulator.reset()
        boto3.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        files = (path for path in sorted(landing.rglob("*")) if path.is_file())
        _upload({str(path.relative_to(landing)): path.read_bytes() for path in files})
        yield f"s3://{BUCKET}"
    finally:
        os.environ.clear()
        os.environ.update(before)


def _upload(files: dict[str, bytes]) -> None:
    import boto3

    for key, data in files.items():
        boto3.client("s3").put_object(Bucket=BUCKET, Key=f"landing/{key}", Body=data)
