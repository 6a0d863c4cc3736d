"""Measure the sensor, the plan and the archive of a run when very many small files have landed.

    python -m scripts.bench.keys --what tick --landing DIR --lake DIR --keys 100000

Prints one line of JSON: seconds and processor seconds of work, peak memory in MB, and how many bytes go on from there
(the sensor's cursor and request; the answer of the plan, which a machine carries). The landing folder is filled when
it is empty.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from lakehouse_assets.contracts import contracts
from lakehouse_assets.core.arrivals import RETRIES, Cursor, LandingSnapshot, Offer, decide, identity
from lakehouse_assets.storage.landing import landed
from lakehouse_assets.storage.opening import open_store
from lambdas.moves3objects.handler import handler as move
from lambdas.planrun.handler import handler

Work = Callable[[], int]
OFFERED = 2000
HEADER = "order_num,order_id,user_id,order_timestamp,total_amount,date\n"


def fill(landing: Path, keys: int) -> None:
    """Drop so many files of one order each, unless some are there."""
    folder = landing / "orders"
    if folder.exists():
        return
    folder.mkdir(parents=True)
    for number in range(keys):
        order = f"1,{number},7,2025-04-01T10:00:00,1.25,2025-04-01\n"
        (folder / f"{number:07}.csv").write_text(HEADER + order)


def tick(landing: Path, lake: Path) -> Work:
    """Do what the sensor does at a tick, the worst one: every file was given up, so its cursor holds them all."""
    del lake
    store = open_store(str(landing))
    identities = sorted(identity(entry) for entry in landed("ecommerce", store))  # reads what it knows from then on
    slices = (identities[start : start + OFFERED] for start in range(0, len(identities), OFFERED))
    cursor = Cursor(tuple(Offer(tuple(files), RETRIES + 1) for files in slices)).dump()

    def work() -> int:
        seen = LandingSnapshot(landed("ecommerce", store), datetime.now(UTC), 0.0)
        return len(decide(seen, Cursor.parse(cursor), ()).cursor.dump())

    return work


def offer(landing: Path, lake: Path) -> Work:
    """Do what the sensor does at its first tick: it looks at every file, and offers some of them."""
    del lake
    store = open_store(str(landing))

    def work() -> int:
        seen = LandingSnapshot(landed("ecommerce", store), datetime.now(UTC), 0.0)
        decision = decide(seen, Cursor(), ())
        return len(decision.cursor.dump()) + len(json.dumps(decision.offer.pairs if decision.offer else []))

    return work


def plan(landing: Path, lake: Path) -> Work:
    """Do what the first step of a run does: it writes the manifest."""
    event = {"run_id": "bench", "pipeline": "ecommerce", "landing": str(landing), "lake": str(lake)}
    return lambda: len(json.dumps(handler(event, None)))


def archive(landing: Path, lake: Path) -> Work:
    """Do what the last step of a run does: it moves every file of the manifest into the archive, slice by slice."""
    plan(landing, lake)()
    event = {"manifest_key": "runs/ecommerce/bench/manifest.json", "landing": str(landing), "lake": str(lake)}

    def work() -> int:
        answer, carried = move(event, None), 0
        while answer["token"] is not None:
            carried += len(json.dumps(answer))
            answer = move({**event, "token": answer["token"]}, None)
        return carried + len(json.dumps(answer))

    return work


WORK: dict[str, Callable[[Path, Path], Work]] = {"offer": offer, "tick": tick, "plan": plan, "archive": archive}


def main() -> None:
    """Run one measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--what", choices=sorted(WORK), required=True)
    parser.add_argument("--landing", type=Path, required=True)
    parser.add_argument("--lake", type=Path, required=True)
    parser.add_argument("--keys", type=int, default=100_000)
    asked = parser.parse_args()
    fill(asked.landing, asked.keys)
    contracts("ecommerce")  # imports and contracts are not part of the work
    work = WORK[asked.what](asked.landing, asked.lake)
    started, cpu = time.perf_counter(), time.process_time()
    carried = work()
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    found = {"seconds": round(seconds, 2), "cpu_seconds": round(cpu, 2), "max_rss_mb": peak, "carried_bytes": carried}
    print(json.dumps({"what": asked.what, **found}))


if __name__ == "__main__":
    main()
