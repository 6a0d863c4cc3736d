"""Say in words of SQL what DuckDB has against a statement: its own names of types, functions and settings left out.

Its message goes on after the first sentence with an excerpt of the statement as it was translated, with settings that
nobody can set here, and with functions by their inner names; what helps of these is kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from lakehouse_assets.storage.damage import LAYERS

TYPES = {
    "INT8": "TINYINT",
    "INT16": "SMALLINT",
    "INT32": "INTEGER",
    "INT64": "BIGINT",
    "INT128": "DECIMAL(38,0)",
    "HUGEINT": "DECIMAL(38,0)",
    "BOOL": "BOOLEAN",
    "STRING_LITERAL": "VARCHAR",
    "INTEGER_LITERAL": "INTEGER",
}
"""Maps DuckDB's inner names of types to those of Athena (https://docs.aws.amazon.com/athena/latest/ug/data-types.html)."""
TYPE = re.compile(rf"\b(?:{'|'.join(TYPES)})\b")
NOUNS = {"subtract": "subtraction"}
"""Maps what DuckDB calls an operation of decimals to its name."""
MOST_FORMS = 3
"""So many forms of a function are shown."""
Say = Callable[[re.Match[str]], str]


def refusal_of(error: Exception) -> str:
    """Return what DuckDB says in one sentence, without its name for the error, excerpts and inner words."""
    text = LAYERS.sub("", " ".join(str(error).split("\n\nLINE")[0].split("\nLINE")[0].split()))
    for pattern, say in SENTENCES.items():
        if found := re.match(pattern, text):
            return say(found)
    return text


def _types(text: str) -> str:
    """Return types in words of SQL."""
    return TYPE.sub(lambda found: TYPES[found[0]], text)


def _wrong_arguments(found: re.Match[str]) -> str:
    """Say which arguments a function does not take, and some that it takes; those of an operator are many and odd."""
    forms = [one for one in re.split(r"\s(?=\S+?\()", found["forms"]) if "->" in one][:MOST_FORMS]
    taken = ", ".join(f"`{_types(one.partition(' ->')[0].strip())}`" for one in forms)
    more = f", it takes {taken}" if taken and found["name"].isidentifier() else ""
    return f"`{found['name']}` takes no ({_types(found['given'])}){more}; a CAST may help"


def _missing_column(found: re.Match[str]) -> str:
    near = re.findall(r'"([^"]+)"', found["near"] or "")
    known = ", ".join(f"`{name}`" for name in near if not name.startswith("__"))
    return f"there is no column `{found['name']}`{f'; near to it: {known}' if known else ''}"


def _missing_table(found: re.Match[str]) -> str:
    """Say which table or alias is not there, as SQL writes its name, and those that are."""
    near = re.findall(r'"([^"]+)"', found.groupdict().get("near") or "")
    known = ", ".join(f"`{name}`" for name in near if not name.startswith("__"))
    name = found["name"] if found["name"].startswith("__") else found["name"].replace("__", ".", 1)
    return f"there is no table `{name}` here{f'; there are: {known}' if known else ''}"


def _in_column(name: str | None) -> str:
    return f", in `{name}`" if name else ""


SENTENCES: dict[str, Say] = {
    r"Scalar Function with name (?P<name>\S+) does not exist!": lambda found: f"there is no function `{found['name']}`",
    r'Could not choose a best candidate function for the function call "(?P<name>.+?)\((?P<given>.*?)\)"\..*?'
    r"Candidate functions: (?P<forms>.*)": _wrong_arguments,
    r"No function matches the given name and argument types '(?P<name>.+?)\((?P<given>.*?)\)'\..*?"
    r"Candidate functions: (?P<forms>.*)": _wrong_arguments,
    r'Referenced column "(?P<name>[^"]+)" (?:was )?not found.*?(?:Candidate bindings: (?P<near>.*))?$': _missing_column,
    r"Table with name (?P<name>\S+) does not exist!": _missing_table,
    r'Referenced table "(?P<name>[^"]+)" not found!(?: Candidate tables: (?P<near>.*))?': _missing_table,
    r'column "(?P<name>[^"]+)" must appear in the GROUP BY clause': lambda found: (
        f"`{found['name']}` is neither in GROUP BY nor in an aggregate function"
    ),
    r"More than one row returned by a subquery": lambda _: "a subquery that stands for one value gave several rows",
    r"Overflow in (?P<what>\w+) of DECIMAL\((?P<digits>\d+)\)": lambda found: (
        f"the {NOUNS.get(found['what'], found['what'])} has no room in a DECIMAL of {found['digits']} digits"
    ),
    r"Malformed JSON at byte \d+ of input": lambda _: "it reads a field of JSON where there is none",
    r"Casting value \"(?P<value>.+?)\" to type (?P<type>.+?) failed: value is out of range": lambda found: (
        f"{found['value']} has no room in {_types(found['type'])}"
    ),
    r"Overflow in (?P<what>\w+) of (?P<type>\w+) \((?P<sum>.*)\)!?": lambda found: (
        f"the {found['what']} `{found['sum']}` has no room in {_types(found['type'])}"
    ),
    r"Type \w+ with value (?P<value>.+?) can't be cast because the value is out of range for the destination type "
    r"(?P<type>\w+)": lambda found: f"{found['value']} has no room in {_types(found['type'])}",
    r"(?:Could not convert string|Could not cast value) (?P<value>.+) to (?P<type>.+?)"
    r"(?: when casting from source column (?P<column>.+))?$": lambda found: (
        f"{found['value']} cannot be cast to {_types(found['type'])}{_in_column(found['column'])}"
    ),
}
"""Maps what a message begins with to what is said instead of it."""
