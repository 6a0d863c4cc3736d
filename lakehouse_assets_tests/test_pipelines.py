"""The pipelines of an installation: those of the packages that the settings name, and of no other."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lakehouse_assets.errors import ContractInvalid
from lakehouse_assets.pipelines import all_pipelines, pipeline_of

BOTH = "lakehouse_assets_tests.returns,lakehouse_assets.ecommerce"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An importable package `weather` without a pipeline, which is the only one that is set."""
    folder = tmp_path / "weather"
    folder.mkdir()
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("LAKEHOUSE_PIPELINES", "weather")
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "weather"]:
        del sys.modules[name]


def test_pipelines_come_in_the_order_of_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is what its package holds."""
    monkeypatch.setenv("LAKEHOUSE_PIPELINES", BOTH)
    assert [pipeline.name for pipeline in all_pipelines()] == ["returns", "ecommerce"]
    assert pipeline_of("returns") is all_pipelines()[0]


def test_packages_may_be_named_by_the_caller() -> None:
    """Whatever is set."""
    assert [pipeline.name for pipeline in all_pipelines(["lakehouse_assets.ecommerce"])] == ["ecommerce"]


def test_a_pipeline_that_is_not_set_is_unknown() -> None:
    """Also where its package could be imported."""
    with pytest.raises(ContractInvalid, match="`returns`: there is no pipeline of this name; there are: ecommerce"):
        pipeline_of("returns")


def test_a_package_without_a_module_of_its_pipeline_is_named(package: Path) -> None:
    """What Python says, and the setting."""
    assert package.is_dir()
    words = r"its module `weather\.pipeline` cannot be imported \(No module named 'weather\.pipeline'\)"
    with pytest.raises(ContractInvalid, match=f"`weather`: {words}; see LAKEHOUSE_PIPELINES"):
        all_pipelines()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PIPELINE = 'weather'\n",
        "from lakehouse_assets.ecommerce.pipeline import PIPELINE\n",
    ],
    ids=["no pipeline", "something else", "one of another name"],
)
def test_a_module_without_the_pipeline_of_its_name_is_named(package: Path, text: str) -> None:
    """A pipeline under another name would work with the contracts and the lease of another one."""
    (package / "pipeline.py").write_text(text)
    with pytest.raises(ContractInvalid, match=r"`weather\.pipeline` holds no `PIPELINE` of the name `weather`"):
        pipeline_of("weather")
