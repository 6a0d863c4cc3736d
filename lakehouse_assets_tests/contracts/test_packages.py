"""Which package holds a pipeline: what the setting names, and what is said when there is nothing there."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakehouse_assets.contracts.packages import contracts_folder, file_of, package_of, pipelines
from lakehouse_assets.errors import ContractInvalid, SettingsInvalid

SEVERAL = "lakehouse_assets_tests.returns, lakehouse_assets.ecommerce,"


@pytest.fixture
def several(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pipelines, named as people write lists."""
    monkeypatch.setenv("LAKEHOUSE_PIPELINES", SEVERAL)


def test_the_product_comes_with_two_pipelines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody names any."""
    monkeypatch.delenv("LAKEHOUSE_PIPELINES", raising=False)
    assert pipelines() == ("ecommerce", "marketing")


@pytest.mark.usefixtures("several")
def test_a_pipeline_is_named_like_its_package() -> None:
    """Blanks and a comma too many do no harm; names are in order."""
    assert pipelines() == ("ecommerce", "returns")
    assert package_of("returns") == "lakehouse_assets_tests.returns"


@pytest.mark.usefixtures("several")
def test_files_lie_in_the_package() -> None:
    """Contracts in its own folder, or among the product's; SELECTs and seeds in the package."""
    here = Path(__file__).parents[1] / "returns"
    assert str(contracts_folder("returns")) == str(here / "contracts")
    assert (contracts_folder("ecommerce") / "clean_orders.yaml").is_file()
    assert file_of("returns", "seeds", "countries.csv").is_file()
    assert not file_of("returns", "sql", "weather.sql").is_file()


@pytest.mark.usefixtures("several")
def test_a_pipeline_that_nobody_set_is_refused_with_those_that_there_are() -> None:
    """The names, in order."""
    with pytest.raises(ContractInvalid, match=r"`weather`: there is no pipeline of this name; .*: ecommerce, returns$"):
        package_of("weather")


def test_a_package_that_cannot_be_imported_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the setting that names it."""
    monkeypatch.setenv("LAKEHOUSE_PIPELINES", "nowhere.weather")
    problem = (
        r"its package `nowhere\.weather` cannot be imported \(No module named 'nowhere'\); see LAKEHOUSE_PIPELINES"
    )
    with pytest.raises(ContractInvalid, match=problem):
        contracts_folder("weather")


def test_a_package_without_contracts_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that was named by mistake, such as one of the library."""
    monkeypatch.setenv("LAKEHOUSE_PIPELINES", "email")
    with pytest.raises(ContractInvalid, match="`email`: package `email` has no folder `contracts`"):
        contracts_folder("email")


@pytest.mark.parametrize("text", ["", " , ", "drops/shop", "shop-drops", "1shop", "shop..drops"])
def test_what_names_no_package_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """No pipeline at all, a folder, and names that Python does not have."""
    monkeypatch.setenv("LAKEHOUSE_PIPELINES", text)
    allowed = "allowed is a list of Python packages such as .*, separated by commas"
    with pytest.raises(SettingsInvalid, match=f"LAKEHOUSE_PIPELINES is .*{allowed}"):
        pipelines()


def test_two_packages_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their pipelines would share a name, a lease and a folder of runs; the sentence names both."""
    monkeypatch.setenv("LAKEHOUSE_PIPELINES", "north.shop,south.shop")
    problem = r"`shop`: `north\.shop` and `south\.shop` are both packages of this name; see LAKEHOUSE_PIPELINES"
    with pytest.raises(ContractInvalid, match=problem):
        pipelines()
