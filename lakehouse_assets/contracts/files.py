"""Find and open the contract files of a pipeline, and tell whose a file is, as far as its text shows that.

Here: from a folder to documents. Not here: what a document says (`reader`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib.resources.abc import Traversable
from typing import Any

import yaml

from lakehouse_assets.contracts import properties
from lakehouse_assets.contracts.document import Node
from lakehouse_assets.contracts.names import is_name
from lakehouse_assets.contracts.packages import contracts_folder, file_of
from lakehouse_assets.contracts.places import line_of
from lakehouse_assets.contracts.yaml_reader import read_yaml
from lakehouse_assets.errors import ContractInvalid

NO_YAML = (yaml.YAMLError, ValueError, LookupError, AttributeError, RecursionError)
"""Names what reading YAML raises: of dates that there are not and the like it lets Python's own errors through."""
LAYER_LINE = re.compile(r"property: *layer\s+value: *(\w+)")
NAME_LINE = re.compile(r"^name: *(\w+)", re.MULTILINE)
ID_LINE = re.compile(r"^id: *\S*?(\w+\.\w+)\s*$", re.MULTILINE)
"""Match where a file says its layer and name, in text that need not be YAML."""
BESIDE = {"gold": ("sql", "sql"), "reference": ("seeds", "csv")}
"""Maps layers to folder and ending of the file that a table of theirs has beside its contract."""


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
    named = ((ID_LINE.search(_seen(file)), file) for file in files(pipeline))
    return {found[1]: file for found, file in named if found}


def read_document(file: Traversable) -> Mapping[str, Any]:
    """Return what a contract file holds.

    Raises:
        ContractInvalid: it cannot be read, or it is no YAML, or no mapping, or says a key twice; then its fact `label`
            is `layer.name`, as `label_of` returns it.
    """
    try:
        document, repeated = read_yaml(file.read_text("utf-8"))
    except OSError as error:
        raise ContractInvalid(contract=file.name, problem=f"cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ContractInvalid(contract=file.name, problem="is no YAML: it is no text in UTF-8") from error
    except NO_YAML as error:
        raise ContractInvalid(contract=file.name, problem=f"is no YAML: {' '.join(str(error).split())}") from error
    if document is None:
        raise ContractInvalid(contract=file.name, problem="is empty; a contract is a mapping of fields")
    if not isinstance(document, Mapping):
        raise ContractInvalid(contract=file.name, problem="is no mapping of an Open Data Contract")
    if repeated:
        label = label_of(document, file.name)
        problems = tuple(f"its file `{file.name}` {one.problem}" for one in repeated)
        raise ContractInvalid(contract=label, problem="; ".join(problems), problems=problems, label=label)
    return document


def place_of(pipeline: str, label: str, about: str) -> str | None:
    """Return file and line of a contract that words are about, as part of a sentence; None where there is no file.

    Args:
        pipeline: whose contract it is.
        label: `layer.name` of the table.
        about: words of a problem, such as a rule's name (`places.line_of`).
    """
    with suppress(ContractInvalid):  # there is no such pipeline
        for file in files(pipeline):
            if known_as(file, pipeline) == label:
                return f"`{file.name}`, line {line_of(_seen(file), about)}"
    return None


def known_as(file: Traversable, pipeline: str) -> str:
    """Return `layer.name` of a contract file, whatever is wrong with it (`label_of`, `label_in`)."""
    try:
        return label_of(read_document(file), file.name)
    except ContractInvalid as error:
        return str(error.facts.get("label") or label_in(file, pipeline))


def label_in(file: Traversable, pipeline: str) -> str:
    """Return `layer.name` as far as a file that is no YAML shows them, or other files do that are called like it.

    It is the name of the file when nothing shows the layer.
    """
    text = _seen(file)
    layer, name = LAYER_LINE.search(text), NAME_LINE.search(text)
    own = name[1] if name and is_name(name[1]) else own_name(file.name)
    found = layer[1] if layer and layer[1] in properties.LAYERS else _layer_beside(file.name, pipeline)
    return f"{found}.{own}" if found and is_name(own) else file.name


def label_of(document: Mapping[str, Any], file: str = "") -> str:
    """Return `layer.name` as far as a document says that; of a name that it does not say, its file's is one.

    It is the name of the file where that is none for a table, and `(nameless)` of a document without a file.
    """
    layer, name = properties.word(Node(document), properties.TABLE[0]), document.get("name")
    if not is_name(name) and not is_name(own_name(file)):
        return file or ".".join(filter(None, (layer, "(nameless)")))
    return ".".join(filter(None, (layer, str(name) if is_name(name) else own_name(file))))


def own_name(file: str) -> str:
    """Return the name of a table that a contract file is called by.

    >>> own_name("landing_readings.yaml"), own_name("daily_weather.yaml")
    ('readings', 'daily_weather')
    """
    return file.removesuffix(".yaml").removeprefix("landing_")


def _seen(file: Traversable) -> str:
    """Return the text of a file as far as it is text; it is empty where the file cannot be read."""
    with suppress(OSError):
        return file.read_bytes().decode("utf-8", "replace")
    return ""


def _layer_beside(file: str, pipeline: str) -> str | None:
    """Return the layer that the name of a contract file tells: the SELECT or seed of that name, or `landing_`."""
    if file.startswith("landing_"):
        return "landing"
    with suppress(ContractInvalid):  # a pipeline without a package has no such files
        for layer, (folder, ending) in BESIDE.items():
            if file_of(pipeline, folder, f"{own_name(file)}.{ending}").is_file():
                return layer
    return None
