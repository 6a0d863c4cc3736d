r"""Read Athena's DDL by the grammar that its pages publish, and refuse what they do not have.

DDL is Hive's: names in backticks, `int` and `string`, no NOT NULL. How an apostrophe is written in a COMMENT stands on
no page, so a literal may have neither `\` nor `''`.
https://docs.aws.amazon.com/athena/latest/ug/create-database.html
https://docs.aws.amazon.com/athena/latest/ug/create-table.html
https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-creating-tables.html
https://docs.aws.amazon.com/athena/latest/ug/reserved-words.html
"""

from __future__ import annotations

from dataclasses import dataclass

from .athena_reading import NotAthena, Words
from .athena_tokens import tokens
from .athena_words import ICEBERG_PROPERTIES, TRANSFORMS, TYPES


@dataclass(frozen=True)
class Column:
    """A column of a CREATE TABLE: its type in Hive's spelling."""

    name: str
    kind: str
    comment: str | None


@dataclass(frozen=True)
class Ddl:
    """A statement that changes the catalog.

    Attributes:
        verb: `create database`, `create delta`, `create iceberg`, `add columns`,
            `change column`, `drop table` or `drop database`.
        name: database, or database and table.
        if_exists: whether IF [NOT] EXISTS was said.
        partitions: columns, or transforms of columns such as `day(x)`.
    """

    verb: str
    name: tuple[str, ...]
    if_exists: bool = False
    columns: tuple[Column, ...] = ()
    partitions: tuple[str, ...] = ()
    location: str | None = None
    properties: tuple[tuple[str, str], ...] = ()


def read(statement: str) -> Ddl:
    """Return what a DDL statement asks for.

    Raises:
        NotAthena: it is outside of the grammar.
    """
    return Reader(tokens(statement.strip().rstrip(";"))).statement()


class Reader(Words):
    """Read one statement from its words, from the left."""

    def statement(self) -> Ddl:
        """Return the whole statement; nothing may follow it."""
        if self.took("CREATE"):
            found = self._create()
        elif self.took("ALTER", "TABLE"):
            found = self._alter()
        elif self.took("DROP"):
            found = self._drop()
        else:
            raise self.wrong("CREATE, ALTER or DROP")
        if self.place < len(self.words):
            raise self.wrong("the end of the statement")
        return found

    def _create(self) -> Ddl:
        if self.took("DATABASE") or self.took("SCHEMA"):
            known = self.took("IF", "NOT", "EXISTS")
            name = (self.identifier(),)
            if self.took("COMMENT"):
                self.literal()
            return Ddl("create database", name, known, location=self.literal() if self.took("LOCATION") else None)
        external = self.took("EXTERNAL")
        self.need("TABLE")
        known, name = self.took("IF", "NOT", "EXISTS"), self.name()
        columns = self.columns() if self.sees("(") else ()
        if external and self.took("COMMENT"):
            self.literal()
        partitions = self.partitions() if self.took("PARTITIONED", "BY") else ()
        location = self.literal() if self.took("LOCATION") else None
        properties = self.properties() if self.took("TBLPROPERTIES") else ()
        kind = dict(properties).get("table_type", "").upper()
        found = Ddl(f"create {kind.lower()}", name, known, columns, partitions, location, properties)
        check_table(found, external=external)
        return found

    def _alter(self) -> Ddl:
        name = self.name()
        if self.took("CHANGE"):
            self.took("COLUMN")
            before = self.identifier()
            column = Column(self.identifier(), self.type(), None)
            if before != column.name:
                raise NotAthena("the emulator changes a column's type, not its name")
            return Ddl("change column", name, columns=(column,))
        self.need("ADD")
        self.need("COLUMNS")
        columns = self.columns()
        if any(column.comment for column in columns):
            raise NotAthena("FAILED: ParseException: ADD COLUMNS has no COMMENT")
        return Ddl("add columns", name, columns=columns)

    def _drop(self) -> Ddl:
        if self.took("DATABASE") or self.took("SCHEMA"):
            known, name = self.took("IF", "EXISTS"), (self.identifier(),)
            _ = self.took("CASCADE") or self.took("RESTRICT")
            return Ddl("drop database", name, known)
        self.need("TABLE")
        known = self.took("IF", "EXISTS")
        return Ddl("drop table", self.name(), known)

    def columns(self) -> tuple[Column, ...]:
        """Return a list of columns in parentheses."""
        found = []
        for _ in self.listed():
            name, kind = self.identifier(), self.type()
            found.append(Column(name, kind, self.literal() if self.took("COMMENT") else None))
        return tuple(found)

    def partitions(self) -> tuple[str, ...]:
        """Return what an Iceberg table is partitioned by: columns, or transforms of them."""
        found = []
        for _ in self.listed():
            word, called = self.peek(), self.peek(1)
            if called and called.written == "(" and word and word.value in TRANSFORMS:
                self.place += 2
                inside = [self.identifier() if not self.sees_number() else self.number()]
                while self.took(","):
                    inside.append(self.identifier())
                self.need(")")
                found.append(f"{word.value}({', '.join(inside)})")
            else:
                found.append(self.identifier())
        return tuple(found)

    def properties(self) -> tuple[tuple[str, str], ...]:
        """Return properties in parentheses, each a pair of literals."""
        found = []
        for _ in self.listed():
            name = self.literal()
            self.need("=")
            found.append((name, self.literal()))
        return tuple(found)

    def type(self) -> str:
        """Return a type in Hive's spelling."""
        word = self.peek()
        base = word.value if word and word.kind == "word" else ""
        if base not in TYPES:
            raise self.wrong("a type of DDL")
        self.place += 1
        if base == "decimal" and self.took("("):
            precision = self.number()
            self.need(",")
            kind = f"decimal({precision},{self.number()})"
            self.need(")")
            return kind
        return self.nested(base) if base in ("array", "map", "struct") else base

    def nested(self, base: str) -> str:
        """Return a type that holds others."""
        self.need("<")
        inside = []
        while True:
            field = f"{self.identifier()}:" if base == "struct" else ""
            if field:
                self.need(":")
            inside.append(field + self.type())
            if not self.took(","):
                break
        self.need(">")
        return f"{base}<{','.join(inside)}>"

    def name(self) -> tuple[str, ...]:
        """Return a table's name with its database, if that is said."""
        first = self.identifier()
        return (first, self.identifier()) if self.took(".") else (first,)


def check_table(found: Ddl, *, external: bool) -> None:
    """Refuse a table that Athena does not make.

    Raises:
        NotAthena: kind, location, columns or properties do not go together.
    """
    if found.verb == "create delta" and external:
        if found.columns or found.partitions:
            raise NotAthena("FAILED: a Delta table is declared without columns and partitions, which its log has")
    elif found.verb == "create iceberg" and not external:
        if not found.columns:
            raise NotAthena("FAILED: an Iceberg table needs columns")
        if unknown := sorted({name for name, _ in found.properties} - ICEBERG_PROPERTIES):
            raise NotAthena(f"Unsupported table property key: {', '.join(unknown)}")
        known = {column.name for column in found.columns}
        if missing := [name for name in found.partitions if "(" not in name and name not in known]:
            raise NotAthena(f"FAILED: partitioned by columns that are not there: {', '.join(missing)}")
    else:
        raise NotAthena("External keyword required for table type HIVE, and the emulator makes Delta and Iceberg only")
    if not (found.location or "").startswith("s3://") or not (found.location or "").endswith("/"):
        raise NotAthena("FAILED: LOCATION has to be a folder in S3: s3://bucket/folder/")
