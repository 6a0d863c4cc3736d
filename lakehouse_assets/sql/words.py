"""Define the few phrases in which the dialects of SQL differ; macros are made of them (`macros`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

Dialect = Literal["athena", "duckdb", "spark"]
Body = Callable[[str], str]
"""Takes the name of one element and returns the SQL made of it."""

POSSESSIVE = re.compile(r"(?<=[*+?])\+")


@dataclass(frozen=True)
class Words:
    """Hold the phrases of one dialect; each takes and returns SQL text, with regular expressions as Java writes them.

    Attributes:
        matches: whether a text matches a pattern as a whole; FALSE for NULL.
        each: a list with every element replaced by a body of it.
        any_of: whether a condition holds of any element.
        without: a text without all that a pattern finds in it.
        found: all that a pattern finds in a text, as a list.
        size: how many elements a list has.
        unescaped: the text that a JSON string with backslashes stands for, from the string with its quotes.
        record: a record of values by name; types are those of the dialect, where it needs them.
        field: one field of a record.
        json_object: the JSON text of an object, from names (as literals) and texts.
        json_field: the text of one field of a JSON object, from its text and the field's name.
        has_code: whether a list with commas between its elements has one.
        sorted_list: a list in which a comma follows each element, sorted, with commas between them only.
        element: one of several values, from their type, their texts and its number from 1 on.
        one, only: a list of one value, and the value of such a list.
        text: the type of text.
        escape: how a pattern stands in a literal.
        cents: a whole number of hundredths.
        half_up: the quotient of two whole numbers of at most 37 digits, not negative, rounded half up.
        wide: the type of whole numbers of 19 digits that can be multiplied without losing one.
    """

    matches: Callable[[str, str], str]
    moment: Callable[[str], str]
    add_seconds: Callable[[str, str], str]
    utc: Callable[[str], str]
    int_div: Callable[[str, str], str]
    half_up: Callable[[str, str], str]
    whole_days: Callable[[str, str], str]
    add_days: Callable[[str, str], str]
    each: Callable[[str, Body], str]
    any_of: Callable[[str, Body], str]
    without: Callable[[str, str], str]
    found: Callable[[str, str], str]
    size: Callable[[str], str]
    unescaped: Callable[[str], str]
    record: Callable[[Sequence[tuple[str, str, str]]], str]
    field: Callable[[str, str], str]
    json_object: Callable[[Sequence[str]], str]
    json_field: Callable[[str, str], str]
    has_code: Callable[[str, str], str]
    sorted_list: Callable[[str], str]
    element: Callable[[str, Sequence[str], str], str] = lambda kind, values, at: (
        f"element_at(ARRAY[{literals(kind, values)}], {at})"
    )
    one: str = "ARRAY[{}]"
    only: str = "{}[1]"
    text: str = "VARCHAR"
    fingerprint: Callable[[tuple[str, ...]], str] = lambda values: f"hash({', '.join(values)})"
    wide: str = "DECIMAL(19, 0)"
    wants_space: bool = False
    escape: Callable[[str], str] = lambda pattern: pattern
    cents: Callable[[str], str] = lambda x: f"CAST(CAST({x} AS DECIMAL(20, 2)) * 100 AS BIGINT)"

    def whole(self, value: str, scale: int) -> str:
        """Return a DECIMAL(18, scale) as a whole number of its last decimals, of the type `wide`."""
        return f"CAST(CAST({value} AS DECIMAL(28, {scale})) * {10**scale} AS {self.wide})"

    def extract(self, text: str, pattern: str) -> str:
        """Return the first group of a pattern, or NULL."""
        return f"nullif(regexp_extract({text}, '{self.escape(pattern)}', 1), '')"

    def let(self, value: str, body: Body) -> str:
        """Compute a value once and use it in a body, however often the body names it."""
        return self.only.format(self.each(self.one.format(value), body))


def literals(kind: str, values: Sequence[str]) -> str:
    """Write texts as literals of a type, with commas between them.

    >>> literals("TIMESTAMP", ["2025-01-01 00:00:00"]), literals("INTEGER", ["1", "NULL"])
    ("TIMESTAMP '2025-01-01 00:00:00'", '1, NULL')
    """
    return ", ".join(f"{kind} '{value}'" if kind == "TIMESTAMP" else value for value in values)


def backslashes(pattern: str) -> str:
    """Write a pattern as a literal of Spark, which reads backslashes itself."""
    return pattern.replace("\\", "\\\\")


def greedy(pattern: str) -> str:
    r"""Write a pattern for RE2, which knows no possessive quantifiers and needs none: it never goes back.

    >>> greedy(r"[0-9]++(?:,[+-]?+x)*+")
    '[0-9]+(?:,[+-]?x)*'
    """
    return POSSESSIVE.sub("", pattern)


WORDS: dict[Dialect, Words] = {
    "duckdb": Words(
        matches=lambda x, p: f"coalesce(regexp_full_match({x}, '{greedy(p)}'), FALSE)",
        moment=lambda x: f"TRY_CAST({x} AS TIMESTAMP)",
        add_seconds=lambda t, n: f"({t} + to_seconds({n}))",
        utc=lambda t: t,
        int_div=lambda a, b: f"({a} // {b})",
        half_up=lambda a, b: f"((2 * {a} + {b}) // (2 * {b}))",
        whole_days=lambda a, b: f"datediff('day', {a}, {b})",
        add_days=lambda d, n: f"CAST({d} + to_days(CAST({n} AS INTEGER)) AS DATE)",
        each=lambda xs, body: f"list_transform({xs}, lambda e: {body('e')})",
        any_of=lambda xs, body: f"(len(list_filter({xs}, lambda e: {body('e')})) > 0)",
        without=lambda x, p: f"regexp_replace({x}, '{greedy(p)}', '', 'g')",
        found=lambda x, p: f"regexp_extract_all({x}, '{greedy(p)}', 0)",
        size=lambda xs: f"len({xs})",
        unescaped=lambda x: f"json_extract_string({x}, '$')",
        record=lambda fields: "struct_pack(" + ", ".join(f'"{name}" := {value}' for name, value, _ in fields) + ")",
        field=lambda x, name: f"struct_extract({x}, '{name}')",
        json_object=lambda pairs: f"CAST(json_object({', '.join(pairs)}) AS VARCHAR)",
        json_field=lambda x, name: f"json_extract_string({x}, '$.\"{name}\"')",
        # Names that DataFusion knows too: `engines.delta.update` hands such a predicate on to delta-rs.
        has_code=lambda x, code: f"array_has(string_to_array({x}, ','), {code})",
        sorted_list=lambda x: f"array_to_string(list_sort(string_split(trim({x}, ','), ',')), ',')",
        # One literal, not one for each value: binding a statement takes as long as there are expressions in it.
        element=lambda kind, values, at: f"CAST('[{', '.join(values)}]' AS {kind}[])[{at}]",
        wide="HUGEINT",
        escape=greedy,
        # In two steps of 64 bits; one step needs 128, and takes ten times as long.
        cents=lambda x: f"(CAST(trunc({x}) AS BIGINT) * 100 + CAST(({x} - trunc({x})) * 100 AS BIGINT))",
    ),
    "spark": Words(
        matches=lambda x, p: f"coalesce({x} RLIKE '\\\\A(?:{backslashes(p)})\\\\z', FALSE)",
        moment=lambda x: f"TRY_CAST({x} AS TIMESTAMP)",
        add_seconds=lambda t, n: f"timestampadd(SECOND, {n}, {t})",
        utc=lambda t: t,
        int_div=lambda a, b: f"({a} div {b})",
        half_up=lambda a, b: f"((2 * {a} + {b}) div (2 * {b}))",
        whole_days=lambda a, b: f"datediff({b}, {a})",
        add_days=lambda d, n: f"date_add({d}, {n})",
        each=lambda xs, body: f"transform({xs}, e -> {body('e')})",
        any_of=lambda xs, body: f"exists({xs}, e -> {body('e')})",
        without=lambda x, p: f"regexp_replace({x}, '{backslashes(p)}', '')",
        found=lambda x, p: f"regexp_extract_all({x}, '{backslashes(p)}', 0)",
        size=lambda xs: f"size({xs})",
        # A string alone is no document to Spark's function, but an element of one is.
        unescaped=lambda x: f"get_json_object('[' || {x} || ']', '$[0]')",
        record=lambda fields: "named_struct(" + ", ".join(f"'{name}', {value}" for name, value, _ in fields) + ")",
        field=lambda x, name: f"({x}).`{name}`",
        json_object=lambda pairs: f"to_json(named_struct({', '.join(pairs)}), map('ignoreNullFields', 'false'))",
        json_field=lambda x, name: f"from_json({x}, 'MAP<STRING, STRING>')['{name}']",
        has_code=lambda x, code: f"array_contains(split({x}, ','), {code})",
        sorted_list=lambda x: f"array_join(array_sort(split(trim(BOTH ',' FROM {x}), ',')), ',')",
        element=lambda kind, values, at: f"element_at(array({literals(kind, values)}), {at})",
        one="array({})",
        only="{}[0]",
        text="STRING",
        # xxhash64 passes over NULL, so which values are NULL is hashed too.
        fingerprint=lambda values: f"xxhash64({', '.join(f'{v}, {v} IS NULL' for v in values)})",
        escape=backslashes,
    ),
    "athena": Words(
        matches=lambda x, p: f"coalesce(regexp_like({x}, '\\A(?:{p})\\z'), FALSE)",
        moment=lambda x: f"TRY_CAST({x} AS TIMESTAMP(6))",
        add_seconds=lambda t, n: f"date_add('second', {n}, {t})",
        utc=lambda t: f"CAST(({t}) AT TIME ZONE 'UTC' AS TIMESTAMP(6))",
        int_div=lambda a, b: f"({a} / {b})",
        # Decimals without a scale are divided into one without a scale, half up.
        half_up=lambda a, b: f"({a} / {b})",
        whole_days=lambda a, b: f"date_diff('day', {a}, {b})",
        add_days=lambda d, n: f"date_add('day', {n}, {d})",
        each=lambda xs, body: f"transform({xs}, e -> {body('e')})",
        any_of=lambda xs, body: f"any_match({xs}, e -> {body('e')})",
        without=lambda x, p: f"regexp_replace({x}, '{p}')",
        found=lambda x, p: f"regexp_extract_all({x}, '{p}')",
        size=lambda xs: f"cardinality({xs})",
        unescaped=lambda x: f"json_extract_scalar({x}, '$')",
        record=lambda fields: (
            f"CAST(ROW({', '.join(value for _, value, _ in fields)}) AS ROW("
            + ", ".join(f'"{name}" {kind}' for name, _, kind in fields)
            + "))"
        ),
        field=lambda x, name: f'({x})."{name}"',
        json_object=lambda pairs: (
            f"json_format(CAST(MAP(ARRAY[{', '.join(pairs[::2])}], ARRAY[{', '.join(pairs[1::2])}]) AS JSON))"
        ),
        json_field=lambda x, name: f"json_extract_scalar({x}, '$[\"{name}\"]')",
        has_code=lambda x, code: f"contains(split({x}, ','), {code})",
        sorted_list=lambda x: f"array_join(array_sort(split(trim(BOTH ',' FROM {x}), ',')), ',')",
        wants_space=True,
    ),
}
