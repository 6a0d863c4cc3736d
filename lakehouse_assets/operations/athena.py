"""Ask Athena what commands ask of tables where AWS is the target."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lakehouse_assets.compute.aws.athena import Athena, Statement
from lakehouse_assets.compute.aws.waiting import Pace
from lakehouse_assets.engines.query import EXPLAIN, Answer, bare, is_about_tables, once, read_only
from lakehouse_assets.settings import Settings
from lakehouse_assets.sql.dialects import Parameter
from lakehouse_assets.sql.gold import assertion_statement

COMMAND = "lakehouse"
"""Stands for a run's id in what is asked by a command and not by a run."""


def opened(settings: Settings) -> Athena:
    """Return Athena in the workgroup of the settings.

    Raises:
        SettingsInvalid: the lake is not where Athena reads.
    """
    settings.require_aws()
    return Athena(settings.aws.workgroup, COMMAND, Pace(first=0.3, longest=settings.aws.poll_seconds))


def asked(settings: Settings, sql: str) -> Answer | None:
    """Return Athena's answer to a question; None for one that is about what tables there are, such as SHOW TABLES.

    Raises:
        BadRequest: it is no single read-only statement.
        QueryFailed, TableMissing, ServiceUnavailable: Athena cannot answer it.
    """
    text = bare(sql)
    if is_about_tables(text):
        return None
    explained = EXPLAIN.fullmatch(text)
    read_only(explained["statement"] if explained else text)
    found = opened(settings).result(Statement(text, "answer the question"))
    return Answer(once(found.columns), found.pages)


def rows_of(settings: Settings, zone: str) -> Callable[[str, dict[str, Parameter]], list[dict[str, Any]]]:
    """Return what answers statements of checks, which are written for every engine, given their parameters."""
    athena = opened(settings)

    def rows(sql: str, parameters: dict[str, Parameter]) -> list[dict[str, Any]]:
        return athena.rows(Statement(assertion_statement(sql, parameters, zone=zone), "answer a check"))

    return rows
