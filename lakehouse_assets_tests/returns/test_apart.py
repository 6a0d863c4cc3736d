"""The pipeline needs no line of the product, and tables that would get in each other's way are refused."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from lakehouse_assets.compute.tasks import FunctionTask
from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.model import Layer
from lakehouse_assets.errors import ContractInvalid
from lakehouse_assets.graph.pipeline import Pipeline
from lakehouse_assets.pipelines import all_pipelines, refuse_shared_places
from lakehouse_assets_tests.returns.installation import BOTH

ROOT = Path(__file__).parents[2]
PRODUCT = ("lakehouse_assets", "glue", "lambdas", "stepfunctions", "scripts")
NAMES = re.compile(
    r"lakehouse_assets_tests[./]returns|returns_(?:lakehouse|gold|manifest)|clean_returns|clean_scans|daily_returns|region_returns"
    r"|PullScans|ExportReturns|\bscans\b|land-folder/Returns"
)
"""The pipeline's package, databases, tables, datasets and functions; "returns" itself is also a verb."""


def test_nothing_of_the_product_names_it() -> None:
    """Code, contracts, machines and settings do not hold its names."""
    files = [path for folder in PRODUCT for path in (ROOT / folder).rglob("*") if path.is_file()]
    files += [ROOT / name for name in ("dagster.yaml", "dagster_cloud.yaml", "workspace.yaml")]
    texts = {path: path.read_text("utf-8") for path in files if path.suffix not in {".pyc", ".whl"}}
    assert len(texts) > 200
    naming = {path.relative_to(ROOT).as_posix(): NAMES.findall(text) for path, text in texts.items()}
    assert {name: found for name, found in naming.items() if found} == {}


def renamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, edits: dict[str, str]) -> None:
    """Make an importable package of this one with its text edited, and set it beside both others."""
    package = tmp_path / name
    shutil.copytree(Path(__file__).parent, package, ignore=shutil.ignore_patterns("test_*", "__pycache__", "*.json"))
    for path in [*package.rglob("*.py"), *package.rglob("*.yaml"), *package.rglob("*.sql")]:
        text = path.read_text("utf-8")
        for old, new in edits.items():
            text = text.replace(old, new)
        path.write_text(text, "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("LAKEHOUSE_PIPELINES", f"{BOTH},{name}")


def test_two_pipelines_with_one_place_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Databases of their own do not tell Delta tables apart, which all lie in one folder of the lake."""
    edits = {
        'name="returns"': 'name="parcels"',
        "returns_lakehouse": "parcels_lakehouse",
        "returns_gold": "parcels_gold",
    }
    renamed(tmp_path, monkeypatch, "parcels", edits)
    with pytest.raises(ContractInvalid) as refused:
        all_pipelines()
    sentence = str(refused.value)
    assert (
        "`returns_lakehouse.clean_returns` of `returns` and `parcels_lakehouse.clean_returns` of `parcels`" in sentence
    )
    assert sentence.endswith("; rename one of them")


@dataclass(frozen=True, eq=False)
class Tables(Pipeline):
    """This pipeline has nothing but contracts."""

    held: tuple[Contract, ...] = ()

    @property
    def contracts(self) -> dict[str, Contract]:
        """Return the contracts that it was made with."""
        return {f"{contract.layer}.{contract.name}": contract for contract in self.held}


def table(layer: Layer, database: str, name: str = "days") -> Contract:
    """Return a table of which only the place counts."""
    words = {"version": "1.0.0", "description": "d", "grain": "g", "owner": "o"}
    return Contract(name=name, database=database, layer=layer, columns=(), **words)


@pytest.mark.parametrize(
    ("first", "second", "problem"),
    [
        (table("gold", "a_gold"), table("gold", "b_gold"), "be the asset `gold/days`"),
        (table("gold", "gold"), table("gold", "gold"), "lie in `<lake>/gold/days`"),
        (table("landing", "landing"), table("landing", "landing"), "be the asset `landing/days`"),
        (table("silver", "a"), table("reference", "b"), "lie in `<lake>/lakehouse-dwh/days`"),
    ],
)
def test_what_two_tables_may_not_share_is_named(first: Contract, second: Contract, problem: str) -> None:
    """That is a folder of the lake, whatever the layers, or an asset of the graph, whatever the databases."""
    plan = FunctionTask("PlanRun")
    with pytest.raises(ContractInvalid, match=f"of `b` would both {problem}; rename one of them"):
        refuse_shared_places([Tables("a", "o", plan, held=(first,)), Tables("b", "o", plan, held=(second,))])


def test_tables_of_other_names_or_places_are_no_trouble() -> None:
    """Gold may be named as silver is, and tables of other names may share a database."""
    held = (table("gold", "gold"), table("gold", "gold", "weeks"), table("silver", "lake"), table("landing", "landing"))
    refuse_shared_places([Tables("a", "o", FunctionTask("PlanRun"), held=held)])
