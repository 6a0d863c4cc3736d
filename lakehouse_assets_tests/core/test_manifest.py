"""Which landed keys belong to which dataset."""

from __future__ import annotations

import pytest

from lakehouse_assets.contracts import contracts
from lakehouse_assets.core.manifest import dataset_of
from lakehouse_assets.errors import ContractInvalid

SHOP = {c.name: c.files for c in contracts("ecommerce").values() if c.layer == "landing"}
PAGES = {"offers": ("offers/*/page-[0-9]*.json", "offers/*/page-[0-9]*.json.gz"), "stats": ("stats-????.json",)}


@pytest.mark.parametrize(
    ("key", "dataset"),
    {
        "products.csv": "products",
        "products.csv.gz": "products",
        "orders/2025-04-01.csv": "orders",
        "orders/2025-04-01.csv.gz": "orders",
        "order_items/a b [1].csv": "order_items",
        "orders/2025/04.csv": None,
        "orders/2025-04-01.CSV": None,
        "Orders/2025-04-01.csv": None,
        "orders/2025-04-01.csv.tmp": None,
        "orders/.2025-04-01.csv": None,
        "orders/_2025-04-01.csv": None,
        ".orders/2025-04-01.csv": None,
        "orders.xlsx": None,
        "backup/orders.csv": None,
        "orders": None,
        "": None,
    }.items(),
)
def test_the_shops_files_are_those_of_its_contracts(key: str, dataset: str | None) -> None:
    """One file or a folder of them, packed or not; nothing deeper, nothing in flight, nothing of another kind."""
    assert dataset_of(key, SHOP) == dataset


@pytest.mark.parametrize(
    ("key", "dataset"),
    {
        "offers/2025-04-01/page-1.json": "offers",
        "offers/2025-04-01/page-12.json.gz": "offers",
        "offers/2025-04-01/page-x.json": None,
        "offers/page-1.json": None,
        "offers/2025-04-01/page-1.json.part": None,
        "stats-2025.json": "stats",
        "stats-202.json": None,
        "stats-20/5.json": None,
    }.items(),
)
def test_patterns_may_name_any_files(key: str, dataset: str | None) -> None:
    """Pages of JSON in folders, sets and single characters; no wildcard stands for a slash."""
    assert dataset_of(key, PAGES) == dataset


def test_a_file_of_two_datasets_is_refused() -> None:
    """Taking it for either would lose it for the other, so the patterns have to be told apart."""
    with pytest.raises(ContractInvalid, match=r"contract `a`: its `files` take `x/1.csv`, and so do those of `b`"):
        dataset_of("x/1.csv", {"a": ["x/*.csv"], "b": ["*/1.csv"]})
