"""The released state: the committed one is current, and a later contract is compared with it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.contracts import contracts
from lakehouse_assets.contracts.packages import pipelines
from lakehouse_assets.contracts.released import RELEASED, check_all, is_current, release, released
from lakehouse_assets.errors import ContractBreaking, ContractInvalid
from lakehouse_assets_tests import returns

ORDERS = "silver.clean_orders"


def earlier(tmp_path: Path, edit: Callable[[dict[str, Any]], object]) -> Path:
    """The committed state with the e-commerce part edited, as if that had been released."""
    document = json.loads(RELEASED.read_text("utf-8"))
    edit(document["ecommerce"])
    path = tmp_path / "released.json"
    path.write_text(json.dumps(document), "utf-8")
    return path


def drop_column(name: str) -> Callable[[dict[str, Any]], None]:
    """An edit after which orders were released without that column."""

    def edit(tables: dict[str, Any]) -> None:
        tables[ORDERS]["columns"] = [c for c in tables[ORDERS]["columns"] if c["name"] != name]

    return edit


@pytest.mark.parametrize("pipeline", pipelines())
def test_no_contract_breaks_its_readers(pipeline: str) -> None:
    """No contract differs from its released state in a breaking way without a higher major version."""
    check_all(pipeline)


@pytest.mark.parametrize("pipeline", pipelines())
def test_the_released_state_is_current(pipeline: str) -> None:
    """The committed released.json is that of the contract files; `release` rewrites it."""
    assert is_current(pipeline)


def test_releasing_again_changes_no_byte(tmp_path: Path) -> None:
    """The file has one form: sorted keys, one newline at its end."""
    path = earlier(tmp_path, lambda _: None)
    release("ecommerce", path)
    assert path.read_bytes() == RELEASED.read_bytes()


def test_what_was_released_reads_back_as_unchanged() -> None:
    """Every contract survives writing and reading with all facts that count."""
    assert {change.kind for change in check_all("ecommerce").values()} == {"none"}
    assert released("ecommerce")[ORDERS].key == ("order_id",)


def test_what_rows_affect_is_part_of_the_release() -> None:
    """Entries survive writing and reading; what they leave at its default is not written."""
    name = "silver.clean_orders_items"
    assert released("ecommerce")[name].affects == contracts("ecommerce")[name].affects
    facts = json.loads(RELEASED.read_text("utf-8"))["ecommerce"]
    assert facts[ORDERS]["affects"] == [{"column": "date", "window": "dates"}, {"column": "user_id", "window": "users"}]
    assert "affects" not in facts["gold.daily_sales"]


def test_a_state_of_before_windows_were_contract_data_is_read(tmp_path: Path) -> None:
    """A release without entries is compared as one that affected nothing."""
    path = earlier(tmp_path, lambda tables: [table.pop("affects", None) for table in tables.values()])
    change = check_all("ecommerce", path)[ORDERS]
    assert change.kind == "compatible"
    assert change.reasons == ("`affects` of window `dates` changed", "`affects` of window `users` changed")


def test_a_breaking_change_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    """A retyped column under the same version stops the release."""
    path = earlier(tmp_path, lambda tables: tables[ORDERS]["columns"][5].update(type="DOUBLE"))
    before = path.read_bytes()
    with pytest.raises(ContractBreaking, match=r"total_amount` type: DOUBLE -> DECIMAL\(18,2\)"):
        release("ecommerce", path)
    assert path.read_bytes() == before


def test_a_new_rule_is_released_and_noted_in_the_change_log(tmp_path: Path) -> None:
    """It needs no new major version; the log says since when rows are judged by it, newest release first."""
    log = tmp_path / "CHANGES.md"
    path = earlier(tmp_path, lambda tables: tables[ORDERS]["rules"].pop(1))
    assert release("ecommerce", path)[ORDERS].kind == "compatible"
    version = contracts("ecommerce")[ORDERS].version
    line = f"- `{ORDERS}` {version}, compatible: rule `order_id_missing` is new: reject, blank(order_id)\n"
    assert log.read_text("utf-8").endswith(f"\n## {datetime.now(UTC).date()} ecommerce\n\n{line}")
    again = earlier(tmp_path, lambda tables: tables.pop(ORDERS))
    release("ecommerce", again)
    assert [text for text in log.read_text("utf-8").splitlines() if text.startswith("- ")] == [
        f"- `{ORDERS}` {version}: new",
        line.rstrip(),
    ]


def test_a_release_without_a_change_is_not_noted(tmp_path: Path) -> None:
    """Neither the first release, which changes nothing for anybody, nor one of the same contracts again."""
    path = tmp_path / "released.json"
    release("ecommerce", path)
    release("ecommerce", path)
    assert not (tmp_path / "CHANGES.md").exists()


def test_a_breaking_change_passes_once_the_major_is_higher(tmp_path: Path) -> None:
    """The same change may be released when the released version was 0.9.0 and the contract's is 1.0.0."""

    def edit(tables: dict[str, Any]) -> None:
        tables[ORDERS].update(version="0.9.0", grain="one row per anything")

    path = earlier(tmp_path, edit)
    assert release("ecommerce", path)[ORDERS].kind == "breaking"
    assert is_current("ecommerce", path)


def test_a_compatible_change_passes_and_leaves_the_state_stale(tmp_path: Path) -> None:
    """A new last nullable column is fine, but has to be released before the state is current again."""

    def edit(tables: dict[str, Any]) -> None:
        tables["control.ecommerce_rejects"]["columns"].pop()

    path = earlier(tmp_path, edit)
    assert check_all("ecommerce", path)["control.ecommerce_rejects"].kind == "compatible"
    assert not is_current("ecommerce", path)


def test_a_column_in_the_middle_is_breaking(tmp_path: Path) -> None:
    """A nullable column before others would move them in existing tables."""
    with pytest.raises(ContractBreaking, match="order, or a new one is not the last"):
        check_all("ecommerce", earlier(tmp_path, drop_column("order_num")))


def test_a_new_contract_only_makes_the_state_stale(tmp_path: Path) -> None:
    """A table that nobody reads yet breaks nobody."""
    path = earlier(tmp_path, lambda tables: tables.pop(ORDERS))
    assert ORDERS not in check_all("ecommerce", path)
    assert not is_current("ecommerce", path)


def test_a_lost_contract_is_refused(tmp_path: Path) -> None:
    """A contract that was released cannot vanish by deleting its file."""
    path = earlier(tmp_path, lambda tables: tables.update({"silver.gone": tables[ORDERS]}))
    with pytest.raises(ContractInvalid, match=r"`silver.gone`: 1.1.0 was released and its file is gone"):
        check_all("ecommerce", path)


def test_the_first_release_needs_no_earlier_one(tmp_path: Path) -> None:
    """Without a released state everything may be released."""
    path = tmp_path / "released.json"
    assert release("ecommerce", path) == {}
    assert is_current("ecommerce", path)


def test_another_pipeline_is_left_alone(tmp_path: Path) -> None:
    """Releasing one pipeline keeps what another one released."""
    path = tmp_path / "released.json"
    path.write_text('{"marketing": {}}', "utf-8")
    release("ecommerce", path)
    assert set(json.loads(path.read_text("utf-8"))) == {"ecommerce", "marketing"}


@pytest.mark.parametrize("text", ["<<<<<<< ours", '{"ecommerce": {"silver.x": {}}}', "[]"])
def test_a_damaged_state_is_one_sentence(tmp_path: Path, text: str) -> None:
    """A merge conflict or a wrong shape in the file is told with the way out."""
    path = tmp_path / "released.json"
    path.write_text(text, "utf-8")
    with pytest.raises(ContractInvalid, match=r"`released.json`: does not hold released contracts .* version control"):
        check_all("ecommerce", path)


def test_a_package_of_its_own_keeps_its_released_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipeline that is no part of the product is released beside its contracts, and the product stays as it is."""
    package = tmp_path / "weather_drops"
    shutil.copytree(Path(returns.__file__).parent / "contracts", package / "contracts")
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("LAKEHOUSE_PIPELINES", "lakehouse_assets.ecommerce,weather_drops")
    before = RELEASED.read_bytes()
    assert not is_current("weather_drops")
    release("weather_drops")
    assert is_current("weather_drops")
    assert list(json.loads((package / "contracts" / "released.json").read_text("utf-8"))) == ["weather_drops"]
    assert RELEASED.read_bytes() == before
