"""Draft what a new rule changes: its table's contract and, where a row is given that breaks it, a unit test."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lakehouse_assets.contracts import Contract, Rule
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.operations.findings import Files
from lakehouse_assets.operations.scaffold import rule as text
from lakehouse_assets.operations.scaffold.columns import sample
from lakehouse_assets.operations.scaffold.dataset import rule as as_document
from lakehouse_assets.operations.scaffold.dataset import text_of
from lakehouse_assets.operations.scaffold.files import Draft
from lakehouse_assets.operations.scaffold.project import Project


def drafted(project: Project, table: str, rule: tuple[str, str, str, str], breaks: Sequence[str]) -> Draft:
    """Return the edits that add a rule.

    Args:
        project: whose.
        table: that it judges.
        rule: code, verdict, words and condition.
        breaks: `column=text` of a row that breaks it; none for no unit test.

    Raises:
        BadRequest: the table is none of silver, has such a rule, or the row does not break it.
    """
    contract, (code, verdict, words, condition) = project.table(table), rule
    if contract.layer != "silver":
        raise BadRequest(message=f"`{contract.name}` is a {contract.layer} table; rules judge rows of silver tables")
    if code in {one.code for one in contract.rules}:
        raise BadRequest(message=f"`{contract.name}` has a rule `{code}` already")
    file = Path(os.path.relpath(Files(project.pipeline).contracts[f"silver.{contract.name}"]))
    edits = {file: text.added(file.read_text("utf-8"), as_document(code, verdict, words, condition))}
    said = f"edit it in `{file}`"
    if not breaks:
        return Draft({}, edits, (said,))
    tests, test = project.folder("tests") / f"{contract.name}.yaml", _test(project, contract, rule, breaks)
    if tests.exists():
        return Draft({}, edits | {tests: f"{tests.read_text('utf-8').rstrip()}\n{test}"}, (said,))
    return Draft({tests: test}, edits, (said,))


def _sound(contract: Contract) -> dict[str, str]:
    """Return a row as it lands with a text of its type in every column, so that it breaks no rule for lack of one."""
    texts = ((column.source, sample(column)[0]) for column in contract.columns)
    return {source: text for source, text in texts if source and text is not None}


def _parents(project: Project, contract: Contract) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of other tables to which the sound row refers, by catalog name."""
    by_name = {one.catalog_name: one for one in project.known.values()}
    found: dict[str, list[dict[str, Any]]] = {}
    for reference in contract.references:
        value = sample(by_name[reference.parent].column(reference.parent_column))[1]
        found.setdefault(reference.parent, [{}])[0][reference.parent_column] = value
    return found


def _test(project: Project, contract: Contract, rule: tuple[str, str, str, str], breaks: Sequence[str]) -> str:
    """Return a unit test of a row that breaks the rule, with all codes that it gets.

    Raises:
        BadRequest: the row does not break it, or is none.
    """
    from lakehouse_assets.engines.duckdb import DuckEngine
    from lakehouse_assets.load.given import tables_of
    from lakehouse_assets.settings import read_settings
    from lakehouse_assets.storage.lake import open_lake

    code, verdict, words, condition = rule
    row = _sound(contract) | {name: value for name, _, value in (one.partition("=") for one in breaks)}
    given = _parents(project, contract)
    ours = Rule(code, "row", "warn" if verdict == "warn" else "reject", words, condition)
    judged = replace(contract, rules=(*contract.rules, ours))
    with tempfile.TemporaryDirectory(prefix="lakehouse-new-") as folder:
        engine = DuckEngine(open_lake(folder), zone=read_settings().zone_of(project.pipeline), threads=1)
        try:
            tables = tables_of(engine, project.known.values())
            tables.show(given, ())
            codes = tables.rules(judged, [row])[0]["codes"]
        finally:
            engine.close()
    if code not in codes:
        raise BadRequest(message=f"the row of --breaks does not break the rule; it breaks {', '.join(codes) or 'none'}")
    shown = {"given": given} if given else {}
    return text_of([{"name": f"{code}: {words}", **shown, "landed": [row], "expect": [{"codes": codes}]}])
