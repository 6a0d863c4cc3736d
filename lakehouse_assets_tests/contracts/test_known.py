"""One broken contract stops its own table, and what needs it; the others are read as ever."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from lakehouse_assets.contracts import files as contract_files
from lakehouse_assets.contracts import reader
from lakehouse_assets.contracts.layers import LOADED_BEFORE_GOLD
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


def test_two_files_of_one_table_are_told_both_and_neither_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exact copy, too; each is named with the other one, and what else is wrong with one is said besides."""
    monkeypatch.setattr(contract_files, "contracts_folder", lambda _pipeline: tmp_path)
    for document in documents():
        (tmp_path / f"{document['name']}.yaml").write_text(yaml.safe_dump(document), "utf-8")
    copy = next(document for document in documents() if document["name"] == "daily_totals")
    (tmp_path / "a_copy.yaml").write_text(yaml.safe_dump(copy | {"version": []}), "utf-8")
    known = reader.contracts.__wrapped__("kiosks")
    (error,) = known.broken.values()
    assert list(known.broken) == ["gold.daily_totals"]
    assert "`gold.daily_totals`: is in several files, `a_copy.yaml` and `daily_totals.yaml`; a table has" in str(error)
    assert "`a_copy.yaml`: has no text in `version`" in str(error)
    told = {file: problems[0] for file, problems in error.facts["by_file"].items()}
    assert "as `daily_totals.yaml` is; a table has one contract" in told["a_copy.yaml"]
    assert "as `a_copy.yaml` is; a table has one contract" in told["daily_totals.yaml"]


def test_what_one_file_lacks_stops_no_other_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder among the contracts, and a contract without a name: each is known by the name of its file."""
    monkeypatch.setattr(contract_files, "contracts_folder", lambda _pipeline: tmp_path)
    for document in documents():
        (tmp_path / f"{document['name']}.yaml").write_text(yaml.safe_dump(document), "utf-8")
    text = (tmp_path / "daily_totals.yaml").read_text("utf-8")
    (tmp_path / "daily_totals.yaml").write_text(text.replace("\nname: ", "\nnam: "), "utf-8")
    (tmp_path / "landing_old.yaml").mkdir()
    known = reader.contracts.__wrapped__("kiosks")
    assert {label: str(error) for label, error in known.broken.items()} == {
        "gold.daily_totals": "contract `gold.daily_totals`: has an unknown field `nam`; did you mean `name`?",
        "landing.old": "contract `landing_old.yaml`: cannot be read: Is a directory",
    }
    assert known.unread == ("daily_totals.yaml", "landing_old.yaml")


def test_what_refers_to_a_table_of_an_unread_file_waits_for_that_file() -> None:
    """It is not told that there is no such table, though only the name of the file tells which one it is of."""
    found = [document for document in documents() if document["name"] != "clean_sales"]
    unread = {"clean_sales.yaml": ContractInvalid(contract="clean_sales.yaml", problem="is empty")}
    broken = read_contracts(found, "kiosks", unread).broken
    assert "needs `clean_sales.yaml`, whose contract is broken" in str(broken["silver.clean_refunds"])
