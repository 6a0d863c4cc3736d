"""Random drops over very few keys, so that versions, ties, late parents and replays meet in every example.

What is drawn here is judged by the oracle; `Both` runs a lake and the oracle side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import strategies as st

from lakehouse_assets_tests import oracle
from lakehouse_assets_tests.lake import LakeDriver, counts_of
from lakehouse_assets_tests.oracle import COLUMNS, File, State
from lakehouse_assets_tests.oracle.loading import SOME_DAY

DROPPED = datetime(2025, 4, 5, tzinfo=UTC)
HOURS = ["2025-04-01T10:00", "2025-04-01T11:00", "2025-04-02T09:00", "2025-04-03T09:00"]
MOMENTS = st.sampled_from(HOURS).map(lambda hour: f"{hour},{hour[:10]}")
NAMES = st.sampled_from(["Atlas", "Tent", '"Rope, 10 m"', ""])
DEPARTMENTS = st.sampled_from(["1,Books", "1,Maps", "2,Sport", "3,Food", ",", "O'4,Zoë"])
AMOUNTS = st.sampled_from(["0.01", "0.02", "10.00", "99.99", "-7.01", "-0.01", "0", "1234567890123456.78", "x"])
PRODUCTS = st.builds("p{},{},{}".format, st.integers(1, 4), DEPARTMENTS, NAMES)
ORDERS = st.builds(
    lambda key, user, amount, moment: f"{key},o{key},{user},{moment.split(',')[0]},{amount},{moment.split(',')[1]}",
    st.integers(1, 5),
    st.sampled_from(["u1", "u2", "ü'3"]),
    AMOUNTS,
    MOMENTS,
)
ITEMS = st.builds(
    "i{},o{},u1,{},p{},{},{},{}".format,
    st.integers(1, 9),
    st.integers(1, 6),
    st.sampled_from(["", "3", "-3"]),
    st.integers(1, 5),
    st.sampled_from(["", "1", "2", "7"]),
    st.sampled_from(["", "0", "1"]),
    MOMENTS,
)
ROWS = {"products": PRODUCTS, "orders": ORDERS, "order_items": ITEMS}


def file_of(dataset: str, number: int, lines: Sequence[str], second: int = 0) -> File:
    """A drop file of these lines; the second says when it landed."""
    text = "\n".join([",".join(COLUMNS[dataset]), *lines]) + "\n"
    return File(dataset, f"{dataset}/{number}.csv", DROPPED + timedelta(seconds=second), text.encode())


@dataclass(frozen=True)
class Drop:
    """What lands before one run: the run's clock, new files, and how many runs back a drop is landed once more."""

    as_of: datetime
    files: tuple[File, ...]
    again: int


@st.composite
def drops(draw: st.DrawFn, least: int = 3, most: int = 4) -> list[Drop]:
    """A few runs, days apart, each with up to three files in any order of time and name."""
    found, as_of, number = [], SOME_DAY, 0
    for _ in range(draw(st.integers(least, most))):
        files = []
        for dataset in draw(st.lists(st.sampled_from(sorted(ROWS)), min_size=1, max_size=4)):
            number += 1
            lines = draw(st.lists(ROWS[dataset], min_size=1, max_size=10))
            files.append(file_of(dataset, (number * 7) % 10 + 10 * number, lines, draw(st.integers(0, 3))))
        found.append(Drop(as_of, tuple(files), draw(st.sampled_from([0, 0, 1, 2]))))
        as_of += timedelta(days=draw(st.sampled_from([0, 1, 3, 7])))
    return found


@dataclass
class Both:
    """A lake and the oracle's state, given the same drops."""

    lake: LakeDriver
    state: State = field(default_factory=State)
    landed: list[tuple[File, ...]] = field(default_factory=list)

    @classmethod
    def at(cls, folder: str | Path) -> Both:
        """Both, empty."""
        return cls(LakeDriver(Path(folder)))

    def load(self, drop: Drop) -> None:
        """Run both; counts and codes are equal."""
        repeated = self.landed[-drop.again] if 0 < drop.again <= len(self.landed) else ()
        files = {file.key: file for file in (*repeated, *drop.files)}.values()
        self.landed.append(drop.files)
        expected = oracle.load(files, self._before(files), drop.as_of)
        report = self.lake.load(*files, as_of=drop.as_of, max_reject_ratio=1.0)
        self.state = expected.state
        assert counts_of(report) == expected.counts
        assert (report.rejects, report.refused_files) == (expected.rejects, {})

    def _before(self, files: Iterable[File]) -> State:
        """The state, less the rejects whose records are read once more: they are closed, or rejected again."""
        keys = {file.key for file in files}
        left = {i: r for i, r in self.state.rejects.items() if i[1] not in keys}
        return State(self.state.silver, self.state.pending, left)

    def compare(self) -> None:
        """Silver, open rejects and pending rows are equal."""
        assert self.lake.silver() == {
            n: {k: r.values for k, r in rows.items()} for n, rows in self.state.silver.items()
        }
        assert self.lake.rejects() == {i: (r.raw, r.codes) for i, r in self.state.rejects.items()}
        assert self.lake.pending() == {i: (p.raw, p.codes) for i, p in self.state.pending.items()}
