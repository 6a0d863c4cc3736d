"""What an asset page says of a table where it is installed: technologies, place, code, and nothing internal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from lakehouse_assets.code_location import code_location
from lakehouse_assets.compute.tasks import TASK_METADATA
from lakehouse_assets.settings import Settings

ACME = "https://github.com/acme/lakehouse"
GOLD = "gold/daily_sales"


def graph_of(settings: Settings) -> Any:
    """The asset graph as the UI gets it."""
    return code_location(settings).resolve_asset_graph()


@pytest.fixture(scope="module")
def here() -> Any:
    """On this machine, in a folder, with no repository set."""
    return graph_of(Settings(lake="/lakes/shop"))


@pytest.fixture(scope="module")
def there() -> Any:
    """On AWS, with the repository's address and revision."""
    settings = Settings(target="aws", lake="s3://acme/lake", repository_url=ACME, repository_revision="v3")
    return graph_of(settings)


def asset(graph: Any, name: str) -> Any:
    """One asset of a graph."""
    return graph.get(dg.AssetKey.from_user_string(name))


def test_kinds_and_places_are_those_of_this_machine(here: Any) -> None:
    """DuckDB makes a table in a folder, and files are archived as files."""
    assert asset(here, GOLD).kinds == {"iceberg", "duckdb"}
    assert asset(here, GOLD).metadata["location"].value == "/lakes/shop/ecommerce_gold/daily_sales"
    assert asset(here, "silver/clean_orders").kinds == {"deltalake", "duckdb"}
    assert asset(here, "archive/ecommerce_files").kinds == {"file"}


def test_kinds_and_places_are_those_of_aws(there: Any) -> None:
    """Athena makes gold, Glue loads silver, and files are archived in S3."""
    assert asset(there, GOLD).kinds == {"iceberg", "athena"}
    assert asset(there, GOLD).metadata["location"].value == "s3://acme/lake/ecommerce_gold/daily_sales"
    assert asset(there, "silver/clean_orders").kinds == {"deltalake", "glue"}
    assert asset(there, "archive/ecommerce_files").kinds == {"s3"}


def test_landing_says_its_format(here: Any) -> None:
    """Files that are dropped are CSV, pages of an API are JSON."""
    assert [asset(here, name).kinds for name in ("landing/orders", "landing/clicks")] == [{"csv"}, {"json"}]


def test_code_is_linked_in_the_repository(there: Any) -> None:
    """Contract, SELECT and pipeline are pages of the deployed revision, and the dictionary's entry too."""
    facts = asset(there, GOLD).metadata
    pages = {one.label: one.url for one in facts["dagster/code_references"].code_references}
    assert pages == {
        "contract": f"{ACME}/blob/v3/lakehouse_assets/contracts/ecommerce/daily_sales.yaml",
        "model": f"{ACME}/blob/v3/lakehouse_assets/ecommerce/sql/daily_sales.sql",
        "pipeline": f"{ACME}/blob/v3/lakehouse_assets/ecommerce/pipeline.py",
    }
    assert facts["contract_file"].value == pages["contract"]
    assert facts["dictionary"].value == f"{ACME}/blob/v3/docs/data-dictionary.md#ecommerce_golddaily_sales"


def test_without_a_repository_code_is_linked_on_this_machine(here: Any) -> None:
    """The files that are named are there."""
    references = asset(here, "landing/clicks").metadata["dagster/code_references"].code_references
    assert [one.label for one in references] == ["contract", "pipeline"]
    assert all(Path(one.file_path).is_file() for one in references)


def test_a_model_shows_its_sql(here: Any) -> None:
    """The SELECT is there to read, as it stands in its file."""
    shown = asset(here, GOLD).metadata["sql"].value
    assert shown.startswith("```sql\n-- Sales per order date")
    assert "FROM summed AS s" in shown


def test_no_asset_shows_what_is_internal(here: Any) -> None:
    """The task of a step, JSON for the emitter, is nowhere; layers are the groups."""
    nodes = [here.get(key) for key in here.get_all_asset_keys()]
    assert not [node.key for node in nodes if TASK_METADATA in node.metadata]
    assert {node.group_name for node in nodes} == {
        "landing", "bronze", "reference", "silver", "gold", "report", "archive",
    }  # fmt: skip
