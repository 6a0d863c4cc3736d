"""Make the contracts of the control tables that every pipeline has beside silver: rejects, pending, run ledger.

A pipeline need not write them: what it does not say itself is made of the documents in `control/`, in the database of
its silver tables. The run ledger gets a column `touched_<window>` for each window that a gold table is built by.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from string import Template
from typing import Any

import yaml

from lakehouse_assets.contracts.layers import CONTROL_TABLES

Document = Mapping[str, Any]
ODCS_TYPES = {"DATE": "date", "INT": "integer", "BIGINT": "integer"}
"""Maps a window's types to logical types; every other type is text."""


def derived(pipeline: str, documents: Sequence[Document]) -> list[Document]:
    """Return documents of the control tables that a pipeline's own documents lack; without silver it needs none."""
    silver = [d for d in documents if _property(d, "layer") == "silver" and _property(d, "database")]
    there = {str(document.get("name")) for document in documents}
    lacking = [word for word in CONTROL_TABLES if f"{pipeline}_{word}" not in there]
    return [_document(word, pipeline, silver[0], documents) for word in lacking] if silver else []


def _document(word: str, pipeline: str, silver: Document, documents: Sequence[Document]) -> Document:
    text = (resources.files(__package__) / "control" / f"{word}.yaml").read_text("utf-8")
    owner = next((member.get("username") for member in _mappings(silver, "team")), "")
    filled = Template(text).substitute(pipeline=pipeline, database=_property(silver, "database"), owner=owner)
    document: dict[str, Any] = yaml.safe_load(filled)
    if word == "run_ledger":
        columns = document["schema"][0]["properties"]
        # Before the last one, which says who has caught up with what was touched.
        columns[-1:-1] = [_touched(name, kind) for name, kind in windows(documents).items()]
    return document


def windows(documents: Sequence[Document]) -> dict[str, str]:
    """Return the windows that gold tables are built by: ledger column -> type of its values."""
    return dict(pair for document in documents if _property(document, "layer") == "gold" for pair in _window(document))


def _window(document: Document) -> Iterator[tuple[str, str]]:
    column, source = _property(document, "window"), _property(document, "window_source")
    for table in _mappings(document, "schema"):
        for item in _mappings(table, "properties"):
            if source and item.get("name") == column:
                yield source, str(item.get("physicalType"))


def _touched(name: str, kind: str) -> dict[str, Any]:
    what = name.removeprefix("touched_")
    return {
        "name": name,
        "logicalType": "array",
        "physicalType": f"ARRAY<{kind}>",
        "description": f"Values of {what} whose gold rows may have changed; of a touched row NULL means: look at all",
        "items": {"logicalType": ODCS_TYPES.get(kind, "string")},
    }


def _property(document: Document, name: str) -> Any:  # noqa: ANN401 - as YAML gives it
    found = (p.get("value") for p in _mappings(document, "customProperties") if p.get("property") == name)
    return next(found, None)


def _mappings(document: Document, name: str) -> list[Document]:
    """Return the mappings of a list; documents come here before anybody has looked whether they are well-formed."""
    items = document.get(name)
    return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []
