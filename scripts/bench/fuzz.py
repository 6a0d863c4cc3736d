"""Load mutated drops and read mutated pages until one is not what independent readers say; print what was done.

python -m scripts.bench.fuzz --drops 2000 --seed 1
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from lakehouse_assets_tests.lake import LakeDriver
from lakehouse_assets_tests.load.fuzzing import check, check_page
from lakehouse_assets_tests.load.mutations import drops, mutated_page

AT_ONCE = 100
"""How many drops one load takes."""


def main() -> None:
    """Run the loads; an AssertionError names the seed through its files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--drops", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    started, records = time.perf_counter(), 0
    for number in range(0, chosen.drops, AT_ONCE):
        with tempfile.TemporaryDirectory(prefix="lakehouse-fuzz-") as folder:
            records += check(LakeDriver(Path(folder)), drops(chosen.seed + number, AT_ONCE))
    pages = sum(check_page(*mutated_page(chosen.seed, number)) for number in range(chosen.drops))
    seconds = round(time.perf_counter() - started, 1)
    print(json.dumps({"drops": chosen.drops, "records": records, "page_records": pages, "seconds": seconds}))


if __name__ == "__main__":
    main()
