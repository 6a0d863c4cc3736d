"""Make the statements that find a person's rows: by a condition on silver's columns, and by what refers to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlglot import exp

from lakehouse_assets.contracts import Contract
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.sql.casts import quoted
from lakehouse_assets.sql.dialects import tree_of


@dataclass(frozen=True)
class Where:
    """Hold a condition: its text, the columns that it names, and the values that it names, as text."""

    text: str
    columns: frozenset[str]
    words: frozenset[str]


@dataclass(frozen=True)
class Step:
    """Hold how rows of one silver table are found.

    Attributes:
        contract: the table.
        where: the condition; None where the table lacks its columns.
        parents: column, table and column of tables of which rows are found, and with which its own go.
        kept: columns that tell the rows: the key, and what other tables refer to.
    """

    contract: Contract
    where: str | None
    parents: tuple[tuple[str, str, str], ...]
    kept: tuple[str, ...]

    @property
    def relation(self) -> str:
        """Return the name of the relation of rows that are found in silver, or that landed and are not in it."""
        return f"{self.contract.name}__forgotten"


def where_of(text: str) -> Where:
    """Take a condition apart.

    Raises:
        BadRequest: it is no condition on columns, or asks other tables.
    """
    tree = tree_of(f"SELECT 1 FROM t WHERE {text}")
    extra = {name for name, value in tree.args.items() if value} - {"expressions", "from", "from_", "where", "kind"}
    if len(list(tree.find_all(exp.Select))) > 1 or not isinstance(tree, exp.Select) or extra:
        raise BadRequest(message="--where is a condition on the columns of a silver table, without other queries")
    columns = frozenset(node.name for node in tree.find_all(exp.Column))
    asked = tree.args["where"]
    words = frozenset(node.this for node in asked.find_all(exp.Literal))
    if not columns or not words:
        raise BadRequest(message="--where names a column and a value, as in \"station = '57'\"")
    return Where(text, columns, words)


def steps(where: Where, tables: Sequence[Contract]) -> tuple[Step, ...]:
    """Return the tables in which rows are found, parents before their children.

    Args:
        where: the condition.
        tables: all silver tables, parents before their children.

    Raises:
        BadRequest: no table has all columns of the condition.
    """
    found: dict[str, Step] = {}
    for contract in tables:
        own = where.text if where.columns <= {column.name for column in contract.content} else None
        parents = tuple(one for one in _parents(contract, tables) if one[1] in found)
        if own or parents:
            found[contract.name] = Step(contract, own, parents, _kept(contract, tables))
    if not found:
        there = sorted({column.name for contract in tables for column in contract.content})
        missing = ", ".join(f"`{name}`" for name in sorted(where.columns))
        raise BadRequest(message=f"no silver table has {missing}; there are {', '.join(there)}")
    return tuple(found.values())


def _parents(contract: Contract, tables: Iterable[Contract]) -> Iterator[tuple[str, str, str]]:
    """Yield column, table and column of the tables whose rows take a table's rows along."""
    yield from ((r.column, r.parent.rpartition(".")[2], r.parent_column) for r in contract.references)
    yield from ((key, one.name, key) for one in tables if one.name == contract.erased_with for key in one.key)


def _kept(contract: Contract, tables: Iterable[Contract]) -> tuple[str, ...]:
    named = [r.parent_column for child in tables for r in child.references if r.parent == contract.catalog_name]
    return tuple(dict.fromkeys((*contract.key, *named)))


def matching(step: Step) -> str:
    """Return the condition on rows `p` of a table's columns that says that they are found."""
    own = [f"coalesce({step.where}, FALSE)"] if step.where else []
    of = [
        f"p.{quoted(column)} IN (SELECT k.{quoted(other)} FROM {parent}__forgotten AS k)"
        for column, parent, other in step.parents
    ]
    return " OR ".join([*own, *of])


def in_silver(step: Step) -> str:
    """Return the SELECT of the rows of silver that are found."""
    columns = ", ".join(f"p.{quoted(name)}" for name in step.kept)
    return f"SELECT {columns} FROM {step.contract.catalog_name} AS p WHERE {matching(step)}"


def only_landed(step: Step) -> str:
    """Return the SELECT of rows that landed, are found, and are not in silver: other rows may refer to them."""
    columns = ", ".join(f"p.{quoted(name)}" for name in step.kept)
    on = " AND ".join(f"s.{quoted(name)} = p.{quoted(name)}" for name in step.contract.key)
    first = quoted(step.contract.key[0])
    return (
        f"SELECT DISTINCT {columns} FROM (SELECT p.* FROM {step.contract.name}__parsed AS p WHERE {matching_of(step)}) "
        f"AS p LEFT JOIN {step.contract.catalog_name} AS s ON {on} WHERE s.{first} IS NULL AND p.{first} IS NOT NULL"
    )


def matching_of(step: Step) -> str:
    """Return the condition on landed rows `p`: as `matching`, or a version of a row that is found in silver."""
    keys = [f"p.{quoted(name)}" for name in step.contract.key]
    if len(keys) == 1:
        known = f"{keys[0]} IN (SELECT k.{quoted(step.contract.key[0])} FROM {step.relation} AS k)"
    else:
        on = " AND ".join(f"k.{quoted(name)} = p.{quoted(name)}" for name in step.contract.key)
        known = f"EXISTS (SELECT 1 FROM {step.relation} AS k WHERE {on})"
    return f"{matching(step)} OR {known}"


def side_rows(control: Contract, dataset: str) -> str:
    """Return the SELECT of a control table's rows of one dataset, numbered."""
    return (
        "SELECT row_number() OVER (ORDER BY c.file, c.etag, c.line) AS _row, c.dataset, c.file, c.etag, c.line, c.raw, "
        f"c.fields FROM {control.catalog_name} AS c WHERE c.dataset = '{dataset}'"
    )


def side_text(contract: Contract) -> str:
    """Return the SELECT of such rows as landed text, the relation `__raw` of a load."""
    sources = dict.fromkeys(str(column.source) for column in contract.content if column.source)
    texts = ", ".join(f"json_field(s.fields, '{name}') AS {quoted(name)}" for name in sources)
    return f"SELECT s._row, s.fields IS NULL AS _malformed, {texts} FROM __side AS s"
