"""What docs/aws.md says is what the code says."""

from __future__ import annotations

from pathlib import Path

from infrastructure.estimate import SIZES, month, table
from infrastructure.functions import ROOT
from infrastructure.smoke.command import CHECKS

PAGE = (ROOT / "docs/aws.md").read_text("utf-8")


def test_the_table_of_costs_is_current() -> None:
    """`python -m infrastructure.estimate` prints what the page shows."""
    assert table() in PAGE


def test_a_seed_costs_little() -> None:
    """Somebody who begins pays 15 dollars a month at most."""
    assert sum(month(SIZES[0]).values()) <= 15


def test_a_month_is_worked_out_by_hand() -> None:
    """Glue of the hundredfold: 120 runs of 300 and 60 of 7,200 DPU seconds, at 0.308 dollars an hour."""
    assert round(month(SIZES[1])["Glue"], 4) == round((120 * 300 + 60 * 7200) / 3600 * 0.308, 4)


def test_what_only_aws_can_prove_is_what_smoke_asks() -> None:
    """The list on the page is the list of the command."""
    assert all(f"{number}. {check.sentence}." in PAGE for number, check in enumerate(CHECKS, start=1))


def test_pictures_and_pages_are_there() -> None:
    """Links to files of the project lead somewhere."""
    for page in ("docs/aws.md", "docs/dagster-on-aws.md"):
        text = (ROOT / page).read_text("utf-8")
        links = [part.partition(")")[0] for part in text.split("](")[1:]]
        missing = [
            link for link in links if not Path(ROOT, "docs", link.partition("#")[0]).exists() and "://" not in link
        ]
        assert [link for link in missing if not link.startswith("#")] == []
