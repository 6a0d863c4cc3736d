"""One broken contract stops its own table, and what needs it; the others are read as ever."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.contracts import files as contract_files
from lakehouse_assets.contracts import reader
from lakehouse_assets.contracts.known import LOADED_BEFORE_GOLD
from lakehouse_assets.contracts.reader import read_contracts
from lakehouse_assets.errors import ContractInvalid
from lakehouse_assets_tests.kiosks.documents import documents


def spoiled(name: str, spoil: Any) -> list[dict[str, Any]]:
    """All documents, one of them spoiled."""
    found = documents()
    spoil(next(document for document in found if document["name"] == name))
    return found


def test_a_broken_gold_contract_leaves_all_others_as_they_are() -> None:
    """Whoever asks for its table is told; reading the contracts, or another one, is not stopped."""
    sound = read_contracts(documents(), "kiosks")
    known = read_contracts(spoiled("daily_totals", lambda d: d.pop("version")), "kiosks")
    assert sound.broken == {}
    assert known == {name: contract for name, contract in sound.items() if name != "gold.daily_totals"}
    with pytest.raises(ContractInvalid, match="`daily_totals`: lacks `version`"):
        known["gold.daily_totals"]
    known.require_sound(*LOADED_BEFORE_GOLD)
    with pytest.raises(ContractInvalid, match="lacks `version`"):
        known.require_sound()


def test_what_needs_a_broken_contract_says_so_and_nothing_else() -> None:
    """Silver of a broken landing dataset is not told that there is no such dataset, nor its children of no parent."""
    known = read_contracts(spoiled("sales", lambda d: d.update(version=[])), "kiosks")
    assert {name: error.facts["problem"] for name, error in known.broken.items()} == {
        "landing.sales": "has no text in `version`",
        "silver.clean_sales": "needs `landing.sales`, whose contract is broken",
        "silver.clean_refunds": "needs `silver.clean_sales`, whose contract is broken",
    }


def test_problems_of_two_contracts_are_told_together() -> None:
    """One that cannot be read does not hide what another one, which is readable, says wrongly."""
    found = spoiled("daily_totals", lambda d: d.pop("version"))
    refunds = next(document for document in found if document["name"] == "clean_refunds")
    next(p for p in refunds["customProperties"] if p["property"] == "landing").update(value="refnds")
    broken = read_contracts(found, "kiosks").broken
    assert set(broken) == {"gold.daily_totals", "silver.clean_refunds"}
    assert "landing `refnds` is no landing dataset" in str(broken["silver.clean_refunds"])


@pytest.mark.parametrize("spoil", [{"schema": "x"}, {"customProperties": "x"}, {"schema": [1]}, {"team": [1]}], ids=str)
def test_a_document_of_another_shape_is_one_broken_contract(spoil: dict[str, Any]) -> None:
    """Text where a list belongs is told as any other mistake, also while control tables are derived from it."""
    for name in ("clean_sales", "daily_totals"):
        known = read_contracts(spoiled(name, lambda d: d.update(spoil)), "kiosks")
        assert any(name in label for label in known.broken)
        assert "silver.clean_refunds" in known or name == "clean_sales"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("name: total\ncustomProperties:\n  - property: layer\n    value: gold\n  - [", "gold.total"),
        ("name: [", "x.yaml"),
    ],
)
def test_a_file_that_is_no_yaml_is_known_by_what_can_be_seen_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, label: str
) -> None:
    """A gold table's does not stop a load; of a file that shows no layer nobody knows whose it is."""
    (tmp_path / "x.yaml").write_text(text, "utf-8")
    monkeypatch.setattr(contract_files, "contracts_folder", lambda _pipeline: tmp_path)
    known = reader.contracts.__wrapped__("shop")
    assert list(known.broken) == [label]
    assert list(known.of_layers(LOADED_BEFORE_GOLD)) == [name for name in known.broken if name == "x.yaml"]
