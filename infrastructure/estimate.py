"""Work out what a month costs at three sizes, from what a run uses and the prices of `compute/prices.py`.

    python -m infrastructure.estimate

The table is in docs/aws.md, and a test keeps it current. Transitions and requests were counted in emitted machines and
in the emulated tier; seconds and bytes of AWS are assumed. What runs have really used, `lakehouse cost` tells.
"""

from __future__ import annotations

from dataclasses import dataclass

from lakehouse_assets.compute.prices import LEAST_SCANNED_BYTES, Unit, prices_in

DAYS = 30
GB = 1 << 30
STORED_GB = 0.023
"""US dollars for a gigabyte a month in S3 Standard: https://aws.amazon.com/s3/pricing/"""
FIXED = (
    # 2 pipelines with 5 numbers each: https://aws.amazon.com/cloudwatch/pricing/
    ("10 metrics of its own", 10 * 0.30),
    ("9 alarms", 9 * 0.10),
    # https://aws.amazon.com/secrets-manager/pricing/
    ("2 secrets", 2 * 0.40),
    ("image of the functions, logs, requests", 1.50),
)
"""Holds what a month costs whatever is loaded; US dollars."""


@dataclass(frozen=True)
class Run:
    """Hold what one run of a pipeline uses.

    Attributes:
        a_month: how many there are.
        dpu_seconds: of Glue.
        queries: of Athena, each charged 10 MB at least.
        scanned_gb: by queries in all, where that is more.
        gb_seconds: of Lambda.
        transitions: of the machine.
    """

    a_month: int
    dpu_seconds: float
    queries: int
    scanned_gb: float
    gb_seconds: float
    transitions: int

    def used(self) -> dict[Unit, float]:
        """Return what a month's runs use."""
        scanned = max(self.scanned_gb * GB, self.queries * LEAST_SCANNED_BYTES)
        one: dict[Unit, float] = {
            "dpu_seconds": self.dpu_seconds,
            "scanned_bytes": scanned,
            "gb_seconds": self.gb_seconds,
            "transitions": self.transitions,
        }
        return {unit: amount * self.a_month for unit, amount in one.items()}


@dataclass(frozen=True)
class Size:
    """Hold a size: what it is in words, the runs of a month, and what lies in S3 after the first year."""

    name: str
    about: str
    runs: tuple[Run, ...]
    stored_gb: float


SIZES = (
    Size(
        "seed",
        "1 MB of drops a day in functions, 100,000 clicks a day on Glue twice a day",
        (
            Run(2 * DAYS, 0, 24, 0, 120, 150),
            Run(2 * DAYS, 2 * 150, 44, 0.5, 250, 450),
        ),
        20,
    ),
    Size(
        "hundredfold",
        "100 MB of drops a day on Glue in 4 runs, 10 million clicks a day",
        (
            Run(4 * DAYS, 2 * 150, 24, 1, 120, 150),
            Run(2 * DAYS, 8 * 900, 44, 30, 600, 700),
        ),
        2_000,
    ),
    Size(
        "a terabyte a day",
        "1 TB of drops a day on Glue in 24 runs, clicks as above",
        (
            Run(24 * DAYS, 20 * 300, 24, 200, 300, 400),
            Run(2 * DAYS, 8 * 900, 44, 30, 600, 700),
        ),
        # A year of archive, of which three months are in S3 Standard, and silver with gold at a fifth of that.
        110_000,
    ),
)
LABELS: dict[Unit, str] = {
    "dpu_seconds": "Glue",
    "scanned_bytes": "Athena",
    "gb_seconds": "Lambda",
    "transitions": "Step Functions",
}


def month(size: Size, region: str = "eu-west-1") -> dict[str, float]:
    """Return what a month costs in US dollars, by service."""
    prices, found = prices_in(region), dict[str, float]()
    for unit, label in LABELS.items():
        found[label] = sum(run.used()[unit] for run in size.runs) * prices[unit]
    found["S3"] = size.stored_gb * STORED_GB
    found["fixed"] = sum(price for _, price in FIXED)
    return found


def table() -> str:
    """Return the table as Markdown."""
    columns = [*LABELS.values(), "S3", "fixed"]
    head = f"| Size | {' | '.join(columns)} | A month, US$ |"
    lines = [head, "|---" * (len(columns) + 2) + "|"]
    for size in SIZES:
        costs = month(size)
        amounts = " | ".join(f"{costs[name]:,.2f}" for name in columns)
        lines.append(f"| {size.name}: {size.about} | {amounts} | **{sum(costs.values()):,.0f}** |")
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    print(table())


if __name__ == "__main__":
    main()
