"""Call every command that takes a lake, one after the other, and write as JSON how each ended and what it complained.

Run as a program: `python -m lakehouse_assets_tests.operations.every_command LAKE OUT`. What a new command needs to be
given is worked out from its parameters, so it is called here without being named.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from lakehouse_assets.operations import cli

GIVEN = {
    "table": "clean_orders",
    "query": "SELECT count(*) AS n FROM delta_lakehouse.clean_orders",
    "what": "silver",
    "reason": "a test",
    "as_of": "2025-04-03",
    "predicate": "order_id = ''",
    "pipeline": "ecommerce",
}
ELSEWHERE = ("dev",)
"""These serve until they are stopped."""


def leaves(group: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with its words."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from leaves(command, (*words, name))
        else:
            yield (*words, name), command


def arguments(command: Any, lake: str) -> list[str]:
    """What the command has to be given, and the lake."""
    given = []
    beside = {"lake": lake, "target": f"{lake}-clone", "out": f"{lake}-report.html"}
    for parameter in command.params:
        value = beside.get(parameter.name) or GIVEN.get(parameter.name, "x")
        writes = parameter.name == "out" and command.name == "report"
        if parameter.required or writes or parameter.name in {"lake", "query", "pipeline"}:
            given += [value] if parameter.param_type_name == "argument" else [parameter.opts[0], value]
    return given


def ended(words: list[str]) -> tuple[int, str]:
    """The exit code of a command, and what it wrote to stderr, whoever wrote it."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        kept = os.dup(1), os.dup(2)
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        try:
            code = cli.main(words)
        finally:
            for stream, number, was in ((sys.stdout, 1, kept[0]), (sys.stderr, 2, kept[1])):
                stream.flush()
                os.dup2(was, number)
                os.close(was)
        err.seek(0)
        return code, err.read().decode()


def main(lake: str, out: str) -> None:
    """Call all of them, and write how they ended by their words."""
    found = {}
    for words, command in leaves(typer.main.get_command(cli.application())):
        if words[0] not in ELSEWHERE and any(parameter.name == "lake" for parameter in command.params):
            found[" ".join(words)] = ended([*words, *arguments(command, lake)])
    Path(out).write_text(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
