"""The product knows any number of pipelines: outside of its own folders nothing names e-commerce, or what it has."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from lakehouse_assets.contracts import Contract, contracts

FOLDERS = ("lakehouse_assets", "glue", "lambdas", "stepfunctions")
ITS_OWN = ("lakehouse_assets/ecommerce/", "lakehouse_assets/contracts/ecommerce/", "stepfunctions/emitted/ecommerce.")
ANOTHERS = (
    "lakehouse_assets/marketing/",
    "lakehouse_assets/contracts/marketing/",
    "stepfunctions/emitted/marketing",
)
"""Folders of another pipeline, whose columns and rules may be called alike."""
KINDS = {".py", ".yaml", ".yml", ".json", ".sql", ".toml", ".csv", ".md", ".txt"}
ALLOWED = {
    "lakehouse_assets/settings.py": "lakehouse_assets.ecommerce",  # it comes with the product, and is switched on
    "lakehouse_assets/affise/records/clicks.py": '"user_id"',  # the API's own name of another thing
    "lakehouse_assets/affise/simulator/shapes/clicks.py": '"user_id"',  # the API's own name of another thing
    "lakehouse_assets/contracts/CHANGES.md": "",  # what changed in contracts of all pipelines, their rules' SQL too
    "lakehouse_assets/contracts/released.json": "",  # the released state of its contracts, in one file for all
    "stepfunctions/emitted/schedules.json": "",  # emitted from all pipelines, in one file for all
    "stepfunctions/emitted/triggers.json": "",  # likewise
}
"""File -> text in lines that may name it; the empty text is in every line."""
GENERIC = {"keys_unique", "freshness", "volume", "no_orphans", "date_in_future"}
COMMON = {"id", "date", "amount", "items", "row_malformed"} | GENERIC
"""Columns and codes of e-commerce that any table may have."""


@cache
def terms() -> re.Pattern[str]:
    """Names of the pipeline, of its tables, databases and windows, and of columns and codes that no other may have."""
    known = contracts("ecommerce").values()
    own = [c for c in known if c.layer != "control"]
    names = {
        "ecommerce",
        "e-commerce",
        "shop",
        *(c.name for c in own),
        *(c.database for c in own if c.layer != "landing"),
    }
    columns = {column.name for c in own for column in c.columns} - columns_of_any(*known) - COMMON
    windows = {c.window_source for c in own if c.window_source}
    codes = {rule.code for c in own for rule in c.rules} - COMMON
    words = sorted((re.escape(word) for word in names | columns | windows | codes), key=len, reverse=True)
    return re.compile(rf"(?<![a-zA-Z])({'|'.join(words)})(?![a-z])", re.IGNORECASE)


def columns_of_any(*known: Contract) -> set[str]:
    """Columns of control tables, and those of silver that say which record a row came from."""
    control = {column.name for c in known if c.layer == "control" for column in c.columns}
    provenance = {column.name for c in known for column in c.columns if column.name.startswith("_")}
    return control | provenance


def product_files() -> list[Path]:
    """Files of the product that are not e-commerce's own."""
    files = [path for folder in FOLDERS for path in sorted(Path(folder).rglob("*")) if path.suffix in KINDS]
    shared = [path for path in files if not path.as_posix().startswith((*ITS_OWN, *ANOTHERS))]
    return [path for path in shared if "__pycache__" not in path.parts]


def named_in(path: Path) -> list[str]:
    """Lines of a file that name e-commerce."""
    lines = enumerate(path.read_text("utf-8").splitlines(), 1)
    return [f"{path}:{number}: {line.strip()}" for number, line in lines if terms().search(line)]


def test_nothing_but_its_own_folders_names_e_commerce() -> None:
    """Neither in code nor in words; what may is listed with its reason."""
    files = product_files()
    assert len(files) > 150
    found = [line for path in files for line in named_in(path) if path.as_posix() not in ALLOWED]
    assert found == []


@pytest.mark.parametrize(("path", "text"), ALLOWED.items())
def test_what_may_name_it_does_so_only_as_it_may(path: str, text: str) -> None:
    """And an exemption that nobody needs any more goes."""
    lines = named_in(Path(path))
    assert lines
    assert [line for line in lines if text not in line] == []


@pytest.mark.parametrize(
    "line",
    [
        "    if 'clean_orders' in changed:",
        'QUERY = "SELECT user_id FROM x"',
        "# the e-commerce pipeline",
        "TOUCHED = ('touched_products',)",
        '_old = {"order_id"}',
        "ECOMMERCE = 1",
        "lakehouse_assets.ecommerce.assets",
    ],
)
def test_what_was_there_once_would_be_found(line: str) -> None:
    """The words match the lines that the product had."""
    assert terms().search(line)


GENERAL = ("graph", "load", "engines", "compute", "storage", "formats", "core", "sql")
"""Packages that know pipelines by their declarations only."""


def test_nothing_general_names_marketing_or_its_source() -> None:
    """What the second pipeline needed there is general."""
    folders = [*(Path("lakehouse_assets") / name for name in GENERAL), Path("stepfunctions")]
    files = [path for folder in folders for path in folder.rglob("*.py")]
    assert len(files) > 100
    named = re.compile(r"marketing|affise|sub5", re.IGNORECASE)
    assert [path.as_posix() for path in files if named.search(path.read_text("utf-8"))] == []
