"""Find and open the contract files of a pipeline, and tell whose a file is, as far as its text shows that.

Here: from a folder to documents. Not here: what a document says (`reader`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources.abc import Traversable
from typing import Any

import yaml

from lakehouse_assets.contracts import properties
from lakehouse_assets.contracts.document import Node
from lakehouse_assets.contracts.packages import contracts_folder
from lakehouse_assets.errors import ContractInvalid

SAFE_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Holds libyaml's safe loader if it is installed: it is ten times faster than Python's."""
LAYER_LINE = re.compile(r"property: *layer\s+value: *(\w+)")
NAME_LINE = re.compile(r"^name: *(\w+)", re.MULTILINE)
ID_LINE = re.compile(r"^id: *\S*?(\w+\.\w+)\s*$", re.MULTILINE)
"""Match where a file says its layer and name, in text that need not be YAML."""


def files(pipeline: str) -> list[Traversable]:
    """Return the contract files of a pipeline, by name.

    Raises:
        ContractInvalid: as `contracts`.
    """
    found = (file for file in contracts_folder(pipeline).iterdir() if file.name.endswith(".yaml"))
    return sorted(found, key=lambda file: file.name)


@cache
def contract_files(pipeline: str) -> dict[str, Traversable]:
    """Return the contract files of a pipeline by `layer.name`, as far as their text shows that.

    Control tables for which the pipeline has no file of its own have none.

    Raises:
        ContractInvalid: as `contracts`.
    """
    named = ((ID_LINE.search(file.read_bytes().decode("utf-8", "replace")), file) for file in files(pipeline))
    return {found[1]: file for found, file in named if found}


def read_document(file: Traversable) -> Mapping[str, Any]:
    """Return what a contract file holds.

    Raises:
        ContractInvalid: it is no YAML, or no mapping.
    """
    try:
        document = yaml.load(file.read_text("utf-8"), SAFE_LOADER)  # noqa: S506 - a safe one
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ContractInvalid(contract=file.name, problem=f"is no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(document, Mapping):
        raise ContractInvalid(contract=file.name, problem="is no mapping of an Open Data Contract")
    return document


def label_in(file: Traversable) -> str:
    """Return `layer.name` as far as a file that is no YAML shows them; the name of the file when it shows no layer."""
    text = file.read_bytes().decode("utf-8", "replace")
    layer, name = LAYER_LINE.search(text), NAME_LINE.search(text)
    own = name[1] if name else file.name.removesuffix(".yaml").removeprefix("landing_")
    return f"{layer[1]}.{own}" if layer else file.name


def label_of(document: Mapping[str, Any]) -> str:
    """Return `layer.name` as far as a document says that; what it does not say is `(nameless)`."""
    name = document.get("name")
    layer = properties.word(Node(document), properties.TABLE[0])
    return ".".join(filter(None, (layer, str(name or "(nameless)"))))
