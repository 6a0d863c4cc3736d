"""Hold what lands and what the API serves in the tests of the pipeline, and what must come of it, worked out by hand.

The shop is in New York, so a return of 10:00 there on 7 April 2025 was at 14:00 UTC; scans carry UTC already.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from lakehouse_assets_tests.returns.api import Scan

AS_OF = "2025-04-08T16:00:00Z"
WINDOW = ("2025-04-02", "2025-04-08")
DROPPED = datetime(2025, 4, 8, 15, tzinfo=UTC)
"""When the files were dropped."""

HEADER = "return_id,returned_at,date,country,refund,reasons\n"
FIRST_FILE, SECOND_FILE = "returns/2025-04-07.csv", "returns/2025-04-08.csv"
FILES = {
    FIRST_FILE: HEADER
    + '1,2025-04-07T10:00:00,2025-04-07,DE,12.345678,"[""broken"",""late""]"\n'
    + "2,2025-04-07T11:00:00,2025-04-07,AT,1.5,\n"
    + "3,2025-04-07T12:00:00,2025-04-07,US,100.000001,[]\n"
    + "4,2025-04-07T13:00:00,2025-04-07,FR,9.0,[]\n"
    + "5,2025-04-07T13:00:00,2025-04-07,DE,9.1234567,[]\n"
    + "6,only,three\n"
    + "seven,2025-04-07T14:00:00,no day,DE,1.0,broken\n"
    + "7,2025-04-07T15:00:00,2025-04-07,,1.0,[]\n",
    SECOND_FILE: HEADER
    + "6000000000,2025-04-08T10:00:00,2025-04-08,DE,2,[]\n"
    + "2,2025-04-07T11:30:00,2025-04-07,AT,1.75,[]\n",
}
"""Three good returns of the 7th, one of a country that is not known, four that break rules; on the 8th one with a
number beyond 32 bits, and a later version of return 2."""


def scan(number: int | str, of: int, day: str, hour: int, **more: Any) -> Scan:
    """Return a scan as the API has it."""
    at = f"{day}T{hour:02}:00:00Z"
    return {"id": number, "parcel": {"return_id": of}, "scanned_at": at, "date": day, "station": None, **more}


def scans() -> dict[str, list[Scan] | bytes]:
    """Return what the API serves by day, two scans a page: three pages of the 7th, one of the 8th."""
    return {
        "2025-04-07": [
            scan(1, 1, "2025-04-07", 20, station={"name": "A", "floor": 2}),
            scan(2, 1, "2025-04-07", 21, station={"name": "B", "floor": None}),
            scan(3, 99, "2025-04-07", 21),
            "junk",
            scan("four", 3, "2025-04-07", 22),
        ],
        "2025-04-08": [scan(7_000_000_000, 6_000_000_000, "2025-04-08", 20, mood="fine")],
    }


def at(*moment: int) -> datetime:
    """Return a UTC moment as tables hold it, without a zone."""
    return datetime(*moment, tzinfo=UTC).replace(tzinfo=None)  # type: ignore[misc] # year to minute


SEVENTH, EIGHTH = date(2025, 4, 7), date(2025, 4, 8)
CLEAN_RETURNS = [
    (1, SEVENTH, at(2025, 4, 7, 14), "DE", Decimal("12.345678"), ["broken", "late"]),
    (2, SEVENTH, at(2025, 4, 7, 15, 30), "AT", Decimal("1.750000"), []),
    (3, SEVENTH, at(2025, 4, 7, 16), "US", Decimal("100.000001"), []),
    (6_000_000_000, EIGHTH, at(2025, 4, 8, 14), "DE", Decimal("2.000000"), []),
]
CLEAN_SCANS = [
    (1, 1, SEVENTH, at(2025, 4, 7, 20), {"name": "A", "floor": 2}),
    (2, 1, SEVENTH, at(2025, 4, 7, 21), {"name": "B", "floor": None}),
    (7_000_000_000, 6_000_000_000, EIGHTH, at(2025, 4, 8, 20), None),
]
COUNTRIES = [
    ("AT", "Austria", "Central"),
    ("DE", "Germany", "Central"),
    ("US", "United States", "Overseas"),
]
DAILY = [
    (SEVENTH, "AT", 1, 0, Decimal("1.750000")),
    (SEVENTH, "DE", 1, 1, Decimal("12.345678")),
    (SEVENTH, "US", 1, 0, Decimal("100.000001")),
    (EIGHTH, "DE", 1, 1, Decimal("2.000000")),
]
REGIONS = [
    (SEVENTH, "Central", 2, 1, Decimal("14.095678")),
    (SEVENTH, "Overseas", 1, 0, Decimal("100.000001")),
    (EIGHTH, "Central", 1, 1, Decimal("2.000000")),
]
# The header of a CSV file is its line 1.
REJECTS = [
    (FIRST_FILE, 6, "refund_invalid"),
    (FIRST_FILE, 7, "row_malformed"),
    (FIRST_FILE, 8, "date_missing,reasons_invalid,return_id_invalid"),
    (FIRST_FILE, 9, "country_missing"),
    ("scans/2025-04-07-2.json", 2, "row_malformed"),
    ("scans/2025-04-07-3.json", 1, "scan_id_invalid"),
]
PENDING = [
    (FIRST_FILE, 5, "unknown_country"),
    ("scans/2025-04-07-2.json", 1, "unknown_return"),
]
COUNTS = {
    "clean_returns": {"read": 10, "valid": 4, "rejected": 4, "superseded": 1, "pending": 1, "inserted": 4},
    "clean_scans": {"read": 6, "valid": 3, "rejected": 2, "superseded": 0, "pending": 1, "inserted": 3},
}
"""10 = 4 + 4 + 1 + 1 and 6 = 3 + 2 + 1; nothing was there before, so nothing was retried, updated or unchanged."""
REPORT = """date,region,returns,scanned,refund
2025-04-07,Central,2,1,14.095678
2025-04-07,Overseas,1,0,100.000001
2025-04-08,Central,1,1,2.000000
"""
