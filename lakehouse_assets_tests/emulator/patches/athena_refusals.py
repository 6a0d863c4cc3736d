"""Say what Athena refuses and Trino would do: writing Delta tables, and reading them as of another time.

Athena's own words for it stand on no page; these are the page's.
https://docs.aws.amazon.com/athena/latest/ug/delta-lake-tables.html
"""

from __future__ import annotations

from collections.abc import Callable

from .athena_tokens import Token, name_at, name_before, tokens

READ_ONLY = (
    "NOT_SUPPORTED: Delta Lake tables are read only: "
    "write DML statements like UPDATE, INSERT, or DELETE are not supported"
)
NO_TIME_TRAVEL = "NOT_SUPPORTED: There is no support for queries that use Delta Lake's time travel capabilities"
NO_STATEMENT = "FAILED: ParseException: this statement is none of Athena's"
WRITES = (("INSERT", "INTO"), ("DELETE", "FROM"), ("MERGE", "INTO"), ("UPDATE",))
TRINO_ONLY = frozenset({"CALL", "TRUNCATE", "COMMENT", "GRANT", "REVOKE", "ANALYZE", "REFRESH", "SET", "RESET", "USE"})
AS_OF = ({"VERSION"}, {"TIMESTAMP"}, {"SYSTEM_TIME"}, {"SYSTEM_VERSION"})


def refusal(statement: str, is_delta: Callable[[tuple[str, ...]], bool]) -> str | None:
    """Return why Athena refuses a statement; None when it does not.

    Args:
        statement: its text.
        is_delta: says whether a table, by the parts of its name, is Delta.
    """
    words = tokens(statement)
    if words and words[0].upper in TRINO_ONLY:
        return NO_STATEMENT
    if (written := target(words)) and is_delta(written):
        return READ_ONLY
    if any(is_delta(name) for name in travelled(words)):
        return NO_TIME_TRAVEL
    return None


def target(words: list[Token]) -> tuple[str, ...]:
    """Return the table that a statement writes; nothing when it writes none.

    >>> target(tokens("MERGE INTO gold.t USING s ON true"))
    ('gold', 't')
    """
    for verb in WRITES:
        if tuple(word.upper for word in words[: len(verb)]) == verb:
            return name_at(words, len(verb))
    return ()


def travelled(words: list[Token]) -> list[tuple[str, ...]]:
    """Return the tables that are read as of another time.

    >>> travelled(tokens("SELECT 1 FROM s.t FOR TIMESTAMP AS OF now()"))
    [('s', 't')]
    """
    places = [
        place
        for place in range(len(words) - 3)
        if words[place].upper == "FOR"
        and {words[place + 1].upper} in AS_OF
        and (words[place + 2].upper, words[place + 3].upper) == ("AS", "OF")
    ]
    return [name_before(words, place) for place in places]
