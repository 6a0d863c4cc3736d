"""See to it that a table has one contract: two files of one table are both told, and neither counts.

Here: whose each document is, and what is said of several. Not here: what is in one (`reader`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from lakehouse_assets.contracts.files import label_of
from lakehouse_assets.contracts.known import refusal
from lakehouse_assets.contracts.model import Contract
from lakehouse_assets.contracts.names import is_name
from lakehouse_assets.errors import ContractInvalid

Document = Mapping[str, Any]
Named = tuple[Document, str]
"""Holds a document and the name of its file, which is empty where it is from none."""


def of_one_table(documents: Iterable[Named]) -> dict[str, list[Named]]:
    """Return documents by the table that they are of, as `layer.name`.

    One that says no name is taken for that of the table that its file is called by, unless another says to be that.
    """
    found: dict[str, list[Named]] = {}
    for document, file in sorted(documents, key=lambda named: not is_name(named[0].get("name"))):
        label = label_of(document, file)
        is_guess = not is_name(document.get("name"))
        found.setdefault(file if is_guess and file and label in found else label, []).append((document, file))
    return found


def only(label: str, documents: list[Named], parse: Callable[[Document, str], Contract]) -> Contract | ContractInvalid:
    """Return the one contract of a table, or what is wrong with it.

    Args:
        label: `layer.name` of the table.
        documents: all that are of it.
        parse: reads one, given how it is called where it says no name.
    """
    if len(documents) > 1:
        return _doubled(label, documents, parse)
    try:
        return parse(documents[0][0], label)
    except ContractInvalid as error:
        return error


def _doubled(label: str, documents: list[Named], parse: Callable[[Document, str], Contract]) -> ContractInvalid:
    """Return the error that names all files of a table; its fact `by_file` says what is wrong with each of them."""
    names = [file or f"document {number}" for number, (_, file) in enumerate(documents, 1)]
    by_file: dict[str, tuple[str, ...]] = {}
    for name, (document, _) in zip(names, documents, strict=True):
        others = " and ".join(f"`{other}`" for other in names if other != name)
        verb = "is" if len(names) == 2 else "are"  # noqa: PLR2004 - this one and another
        problem = f"is of `{label}`, as {others} {verb}; a table has one contract: remove it or give it another `name`"
        one = only(label, [(document, name)], parse)
        by_file[name] = (problem, *(one.facts["problems"] if isinstance(one, ContractInvalid) else ()))
    listed = " and ".join(f"`{name}`" for name in names)
    told = f"is in several files, {listed}; a table has one: remove the others or give them another `name`"
    error = refusal(label, [told, *(f"`{name}`: {said}" for name, (_, *more) in by_file.items() for said in more)])
    error.facts["by_file"] = by_file
    return error
