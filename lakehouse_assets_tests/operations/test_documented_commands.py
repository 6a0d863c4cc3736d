"""Commands that the documents name: each is one that there is, with options that it has."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from lakehouse_assets.operations import cli
from lakehouse_assets_tests.operations.conftest import Cli, Shop

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
NAMED = re.compile(r"`lakehouse ([a-z][^`\n]*)`|^(?:\$ )?lakehouse ([a-z][^#\n|&>]*)", re.MULTILINE)
MORNING = re.compile(r"## Every morning\n.*?```text\n(.*?)```", re.DOTALL)


def named(page: Path) -> Iterator[list[str]]:
    """The words of each command on a page, behind `lakehouse`."""
    for found in NAMED.finditer(page.read_text("utf-8")):
        text = (found[1] or found[2]).rstrip("\\ ").replace("…", "").replace("'", '"')
        yield shlex.split(text if text.count('"') % 2 == 0 else text.replace('"', ""))


def unknown(words: list[str]) -> str:
    """What of a command there is not; empty where all of it is."""
    command: Any = typer.main.get_command(cli.application())
    rest = list(words)
    while rest and hasattr(command, "commands"):
        if rest[0] not in command.commands:
            return "" if command.name != "lakehouse" and rest[0].startswith("-") else rest[0]
        command = command.commands[rest.pop(0)]
    options = {one for parameter in command.params for one in (*parameter.opts, *parameter.secondary_opts)}
    asked = [word.partition("=")[0] for word in rest if re.fullmatch(r"--?[a-z][a-z-]*(=.*)?", word)]
    return " ".join(word for word in asked if word not in options | {"--help", "-h", "--pipeline"})


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_each_command_of_a_page_is_one(page: Path) -> None:
    """With each of its options."""
    assert [" ".join(words) for words in named(page) if unknown(words)] == []


def test_a_command_that_there_is_not_is_found() -> None:
    """A wrong command, a wrong one of a group, and a wrong option."""
    wrong = [["runn"], ["rejects", "lst"], ["run", "--nosuch"], ["rejects", "list", "--by-code", "x"]]
    assert [unknown(words) for words in wrong] == ["runn", "lst", "--nosuch", "--by-code"]


def test_the_commands_of_every_morning_work_as_they_stand(
    cli: Cli, shown: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a lake in which nothing is wrong; `checks` says by its exit code what is."""
    monkeypatch.chdir(tmp_path)
    block = MORNING.search((ROOT / "docs" / "operating.md").read_text("utf-8"))
    assert block is not None
    lines = [line.partition("#")[0].split()[1:] for line in block[1].splitlines()]
    assert len(lines) == 5
    codes = {words[0]: cli(*words, *shown.at).code for words in lines}
    assert codes.pop("checks") in {0, 1}
    assert codes == {"status": 0, "alerts": 0, "runs": 0, "report": 0}
