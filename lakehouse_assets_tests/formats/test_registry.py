"""A landing contract says which format its files have and where a column's text is."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import get_args

import pytest

from lakehouse_assets.contracts import contracts
from lakehouse_assets.contracts.model import Format
from lakehouse_assets.formats.csv_format import Csv
from lakehouse_assets.formats.json_pages import JsonPages
from lakehouse_assets.formats.protocol import Field
from lakehouse_assets.formats.registry import format_of

KNOWN = contracts("ecommerce")
LANDING, TABLE = KNOWN["landing.products"], KNOWN["silver.clean_products"]
NAMES = ("product_id", "department_id", "department", "product_name")


def test_files_are_csv_where_nothing_else_is_said() -> None:
    """The wanted columns are those that the silver table reads."""
    assert format_of(LANDING, TABLE) == Csv(tuple(Field(name, (name,)) for name in NAMES))


def test_a_page_has_its_array_and_its_columns_below_dotted_paths() -> None:
    """An optional column is one of silver, a path one of landing; a column without a path has its name."""
    columns = [replace(c, path="category.name") if c.name == "department" else c for c in LANDING.columns]
    landing = replace(LANDING, format="json_pages", records="data.items", columns=tuple(columns))
    table = replace(TABLE, columns=tuple(replace(c, optional=c.name == "department") for c in TABLE.columns))
    found = format_of(landing, table)
    assert isinstance(found, JsonPages)
    assert found.records == ("data", "items")
    paths = {field.name: (field.path, field.optional) for field in found.fields}
    assert paths["department"] == (("category", "name"), True)
    assert paths["product_id"] == (("product_id",), False)


@pytest.mark.parametrize("name", get_args(Format))
def test_every_format_of_contracts_can_be_sent_to_where_the_bytes_are(name: Format) -> None:
    """Each has a reader, which an executor gets pickled."""
    found = format_of(replace(LANDING, format=name), TABLE)
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301 - our own
