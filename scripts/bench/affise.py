"""Measure the pull of conversions from a simulated tenant: pages a second on one connection, and memory.

    python -m scripts.bench.affise --what serve|pull|floor --days N [--url URL] [--lake DIR]

The tenant is a process of its own, so that its memory is not counted. The floor asks for the same pages with
`requests`, parses and drops them; the pull redacts, counts and writes them too.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from scripts.bench.bench import ROOT, Bench, Measured

START = date(2026, 1, 5)
PER_DAY = 200_000
SIZES = (1, 5)
"""Days that are pulled: 200,000 conversions, and a million."""


def pages(bench: Bench, scales: list[int]) -> None:
    """Measure the pull of 200,000 and of a million conversions; memory is bound to 300 MB."""
    del scales
    for days in SIZES:
        with _served(days) as url:
            lake = bench.fresh("affise-lake")
            found = {what: _measured(what, days, url, lake) for what in ("floor", "pull")}
        pull, floor = found["pull"], found["floor"]
        bench.tell(
            f"{days * PER_DAY:,} conversions from the API (bound 300 MB)",
            f"{pull['pages'] / pull['seconds']:.1f} / {floor['pages'] / floor['seconds']:.1f} pages/s of the floor, "
            f"{pull['cpu']:.0f} s of processor time, {pull['max_rss_mb']} MB",
        )


@contextmanager
def _served(days: int) -> Iterator[str]:
    command = [sys.executable, "-m", "scripts.bench.affise", "--what", "serve", "--days", str(days)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None  # noqa: S101 - it was asked for
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def _measured(what: str, days: int, url: str, lake: Path) -> Measured:
    command = [sys.executable, "-m", "scripts.bench.affise", "--what", what, "--days", str(days)]
    more = ["--url", url, "--lake", str(lake)]
    done = subprocess.run([*command, *more], cwd=ROOT, check=True, capture_output=True, text=True)
    answer: Measured = json.loads(done.stdout.splitlines()[-1])
    return answer


def serve(days: int, per_day: int) -> None:
    """Serve a tenant until the process is ended."""
    from lakehouse_assets.affise.simulator.running import running
    from lakehouse_assets.affise.simulator.spec import SimulatorSpec

    spec = SimulatorSpec(start=START, days=days, clicks_per_day=per_day * 2, conversions_per_day=per_day)
    with running(spec) as simulator:
        print(simulator.url, flush=True)
        while True:
            time.sleep(60)


def pull(days: int, url: str, lake: Path) -> int:
    """Pull all conversions as a run does, and return the number of pages."""
    from lakehouse_assets.affise.endpoints import CONVERSIONS
    from lakehouse_assets.affise.opening import open_puller
    from lakehouse_assets.affise.secrets import LocalSecrets
    from lakehouse_assets.affise.simulator.spec import KEY
    from lakehouse_assets.settings import Affise
    from lakehouse_assets.storage.opening import open_store

    secrets = LocalSecrets({"AFFISE_API_KEY": KEY, "AFFISE_HASH_KEY": "a key of the benchmark"}, lake / "none")
    tick = datetime.combine(START + timedelta(days=days), datetime.min.time(), UTC)
    settings = Affise(url=url, rate=1000)
    store = open_store(str(lake))
    puller = open_puller(settings, secrets, store, run_id="bench", zone="Europe/Moscow", as_of=tick)
    done = [puller.day(CONVERSIONS, START + timedelta(days=day), tick, seconds=1e6) for day in range(days)]
    made = [one for day in done for one in day.manifests]
    return sum(len(one.pages) for one in made)


def floor(days: int, url: str) -> int:
    """Ask for the same pages and parse them."""
    import requests

    from lakehouse_assets.affise.simulator.spec import KEY

    session, count = requests.Session(), 0
    session.headers["API-Key"] = KEY
    for hour in range(24 * days):
        day, page = START + timedelta(days=hour // 24), 1
        span = {"date_from": str(day), "date_to": str(day), "hour": str(hour % 24), "timezone": "UTC", "limit": "500"}
        while page:
            body = session.get(f"{url}/3.0/stats/conversions", params={**span, "page": str(page)}, timeout=60).json()
            page, count = body["pagination"].get("next_page"), count + 1
    return count


def main() -> None:
    """Run one measured process and print its figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--what", choices=["serve", "pull", "floor"], required=True)
    parser.add_argument("--days", type=int, required=True)
    parser.add_argument("--url", default="")
    parser.add_argument("--lake", type=Path)
    chosen = parser.parse_args()
    if chosen.what == "serve":
        serve(chosen.days, PER_DAY)
    started, before = time.perf_counter(), time.process_time()
    made = pull(chosen.days, chosen.url, chosen.lake) if chosen.what == "pull" else floor(chosen.days, chosen.url)
    seconds, cpu = time.perf_counter() - started, time.process_time() - before
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"seconds": round(seconds, 2), "cpu": round(cpu, 2), "pages": made, "max_rss_mb": memory}))


if __name__ == "__main__":
    main()
