"""Say which version of its code a gold table is made by, and what makes one version differ from another.

A version has parts: the SELECT, what its contract decides of the rows, the contract's major version, the macros that it
uses, and each reference and gold table that it reads. Words are no part of it: layout, comments, case of keywords,
descriptions and owners. Nor is the source time zone, which silver has been loaded with already.

Here: the version as a value. Not here: which one a table was built with (`load/model_states.py`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import get_args

import sqlglot
from sqlglot import TokenType, exp
from sqlglot.errors import TokenError

from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.references import Seed
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.sql import syntax
from lakehouse_assets.sql.dialects import parse
from lakehouse_assets.sql.macros import MACROS, Dialect, render_macro
from lakehouse_assets.sql.models import levels, tables_read

ABSENT = "none"
"""Stands for the version of a table that is read and that is not there, or does not say what it was made of."""
SAMPLE_ZONE = "Europe/Berlin"
"""Zone in which macros are written to be compared: one with offsets, so that the code that looks them up counts."""
REASONS = {
    "select": "its SELECT changed",
    "contract": "its contract changed",
    "major": "its contract has a new major version",
    "macros": "a macro that it uses changed",
}
"""Say, by part, why a table is behind; in the order in which they are told."""


@dataclass(frozen=True)
class ModelVersion:
    """Hold the version of a gold table's code.

    Attributes:
        parts: a text for each thing that decides the rows: `select`, `contract`, `major`, `macros`.
        read: version of each reference and gold table that the SELECT reads, by catalog name.
    """

    parts: Mapping[str, str] = field(hash=False)
    read: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def code(self) -> str:
        """Return the whole version as one short text, which differs when anything in it does."""
        return _hash(self.text)

    @property
    def text(self) -> str:
        """Return the version as JSON, as it is kept beside a table's rows."""
        return json.dumps({"parts": dict(self.parts), "read": dict(self.read)}, sort_keys=True)

    def reading(self, versions: Mapping[str, str]) -> ModelVersion:
        """Return the version for tables that are read in these versions; one that is not named is `ABSENT`."""
        return ModelVersion(self.parts, {name: versions.get(name, ABSENT) for name in self.read})

    def differs(self, built: ModelVersion, behind: Collection[str] = ()) -> str:
        """Say why a table that was built with another version is behind this one; an empty text when it is not.

        Args:
            built: the version that the table was built with.
            behind: which of the tables that it reads are behind themselves, and do not hold what they shall.
        """
        changed = [part for part in REASONS if self.parts.get(part) != built.parts.get(part)]
        # What is read follows from the SELECT, and the macros too: both are reasons of their own only without it.
        told = [part for part in changed if part != "macros" or "select" not in changed]
        names = [] if "select" in changed else [n for n, version in self.read.items() if built.read.get(n) != version]
        became = {n: "is behind its own code and was not built" if n in behind else "changed" for n in names}
        read = [f"`{n}`, which it reads, {what}" for n, what in became.items()]
        return " and ".join([*(REASONS[part] for part in told), *read])


def read_version(text: str | None) -> ModelVersion | None:
    """Return the version that `ModelVersion.text` wrote; None for no text, or one that is nothing like it."""
    try:
        found = json.loads(text or "")
        return ModelVersion(dict(found["parts"]), dict(found["read"]))
    except (ValueError, TypeError, KeyError):
        return None


def model_version(contract: Contract, select: str, read: Mapping[str, str]) -> ModelVersion:
    """Return the version of one gold table's code.

    Args:
        contract: the gold table.
        select: its SELECT.
        read: version of each reference and gold table that the SELECT reads, by catalog name.

    Raises:
        BadRequest: the SELECT is no SQL.
    """
    own = {"contract": _hash(_decisive(contract)), "major": contract.version.split(".")[0]}
    return ModelVersion({**own, **parts_of(select)}, dict(sorted(read.items())))


def model_versions(
    known: Iterable[Contract], models: Mapping[str, str], seeds: Iterable[Seed]
) -> dict[str, ModelVersion]:
    """Return the version of every gold table of a pipeline, by catalog name, as its code is now.

    Args:
        known: the pipeline's contracts.
        models: catalog name of each gold table -> its SELECT.
        seeds: of its reference tables.

    Raises:
        ContractInvalid: models read each other in a circle.
        BadRequest: a SELECT is no SQL.
    """
    gold = {contract.catalog_name: contract for contract in known if contract.layer == "gold"}
    codes = {seed.contract.catalog_name: seed.fingerprint for seed in seeds}
    found: dict[str, ModelVersion] = {}
    for name in (name for level in levels(models) for name in level):
        read = {table: codes[table] for table in tables_read(models[name]) if table in codes}
        found[name] = model_version(gold[name], models[name], read)
        codes[name] = found[name].code
    return found


@lru_cache(maxsize=1024)  # Parsing takes milliseconds, and a plan and a code location ask it of every model.
def parts_of(select: str) -> Mapping[str, str]:
    """Return the parts of a version that a SELECT decides.

    Raises:
        BadRequest: the SELECT is no SQL.
    """
    return {"select": _hash(normalised(select)), "macros": _hash("\n".join(sorted(_macros(select))))}


def normalised(select: str) -> str:
    r"""Return a statement as its words with one blank between them, without comments and without its end.

    The words and not sqlglot's own text of the statement, which is written otherwise by other versions of sqlglot.

    >>> normalised("select  N AS n -- all of them\n from Lake.Readings WHERE t = 'A b';")
    "select n as n from lake . readings where t = 'A b'"

    Raises:
        BadRequest: the text is no SQL.
    """
    try:
        tokens = sqlglot.tokenize(select, read="athena")
    except TokenError as error:
        raise BadRequest(message=f"this is no SQL that Athena knows: {syntax.problem_of(error)}") from error
    return " ".join(_word(kind, text) for kind, text in ((token.token_type, token.text) for token in tokens)).rstrip(
        " ;"
    )


def _word(kind: TokenType, text: str) -> str:
    if kind == TokenType.IDENTIFIER:
        return exp.to_identifier(text.lower(), quoted=True).sql("athena")
    return exp.Literal.string(text).sql("athena") if kind == TokenType.STRING else text.lower()


def _macros(select: str) -> Iterator[str]:
    """Yield what each macro call of a statement is in every dialect, with a mark for each argument but literals."""
    for call in parse(select).find_all(exp.Anonymous):
        name = call.name.lower()
        if name in MACROS:
            given = [a.sql("athena") if isinstance(a, exp.Literal) else f"x{n}" for n, a in enumerate(call.expressions)]
            for dialect in get_args(Dialect):
                yield f"{name} {dialect} {render_macro(name, given, dialect, SAMPLE_ZONE)}"


def _decisive(contract: Contract) -> str:
    """Return what a contract decides of the rows: columns and their types, key, window, partitions."""
    columns = [(column.name, column.type) for column in contract.columns]
    return json.dumps([columns, contract.key, contract.window, contract.window_source, contract.partition_by])


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
