"""Hold what `lakehouse contracts check` finds, and find the file and line that each finding is about."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from lakehouse_assets.contracts.files import files, known_as
from lakehouse_assets.contracts.packages import file_of
from lakehouse_assets.contracts.places import line_of
from lakehouse_assets.errors import BadRequest, ContractInvalid, UnportableSql

REFUSALS = (BadRequest, UnportableSql, ContractInvalid)
"""Names the errors that say that a statement or contract is wrong."""
SIGNS = {"div": "/", "mod": "%", "bitwisexor": "^", "bitwiseand": "&", "bitwiseor": "|", "attimezone": "at time zone"}
"""Maps sqlglot's names of operators to how they are written."""
QUOTED = re.compile(r"[`\"']([^`\"']+)[`\"']")


@dataclass(frozen=True)
class Finding:
    """Hold one thing that is wrong, or odd.

    Attributes:
        table: `layer.name` of the table that it stops, or the name of the file or pipeline.
        problem: one sentence: what is wrong and what is allowed.
        part: `contract`, `select` or `seed`: which of the table's files it is about.
        is_hint: whether a run would not mind, though people should.
        file: path from the present folder; empty where there is no file.
        line: from 1.
    """

    table: str
    problem: str
    part: str = "contract"
    is_hint: bool = False
    file: str = ""
    line: int = 1

    @property
    def text(self) -> str:
        """Return the finding as one line, in the form in which editors and CI find file and line."""
        place = f"{self.file}:{self.line}: " if self.file else ""
        return f"{place}{'hint: ' if self.is_hint else ''}{self.table}: {' '.join(self.problem.split())}"


@dataclass(frozen=True)
class Files:
    """Know the files of a pipeline's contracts and models."""

    pipeline: str

    @cached_property
    def contracts(self) -> dict[str, Path]:
        """Return the contract files by `layer.name`, and by file name those that do not say theirs."""
        found: dict[str, Path] = {}
        for file in files(self.pipeline):
            found.setdefault(known_as(file, self.pipeline), Path(str(file)))
            found[file.name] = Path(str(file))
        return found

    def placed(self, finding: Finding, about: str = "") -> Finding:
        """Return the finding with its file and line.

        Args:
            finding: what was found.
            about: words to look for in the file rather than those of the problem.
        """
        path = self._path(finding)
        if path is None or not path.exists():
            return finding
        text = ""
        with suppress(OSError):  # a folder, or a file that may not be read; that is what was found
            text = path.read_bytes().decode("utf-8", "replace")
        line = line_of(text, about or finding.problem) if finding.part == "contract" else word_line(text, about)
        return replace(finding, file=os.path.relpath(path), line=line)

    def _path(self, finding: Finding) -> Path | None:
        name = finding.table.rpartition(".")[2]
        if finding.part == "select":
            return Path(str(file_of(self.pipeline, "sql", f"{name}.sql")))
        if finding.part == "seed":
            return Path(str(file_of(self.pipeline, "seeds", f"{name}.csv")))
        own = [f"{finding.table.removesuffix('.yaml')}.yaml", f"{name}.yaml", f"landing_{name}.yaml"]
        return self.contracts.get(finding.table) or next((self.contracts[n] for n in own if n in self.contracts), None)


def word_line(text: str, said: str) -> int:
    r"""Return the line of the first word that a sentence quotes and the text has; 1 where it has none of them.

    >>> word_line("SELECT a\nFROM lake.readings\nWHERE mood > 1", 'column "mood" is not there')
    3
    """
    lines = [line.partition("--")[0].lower() for line in text.splitlines()]
    for word in QUOTED.findall(said):
        sign = SIGNS.get(word.lower(), word.lower())
        pattern = re.compile(rf"(?<!\w){re.escape(sign)}(?!\w)" if sign[0].isalnum() else re.escape(sign))
        for number, line in enumerate(lines, 1):
            if pattern.search(line):
                return number
    return 1


def refused(error: ContractInvalid, table: str) -> list[Finding]:
    """Return one finding for each problem that a broken contract has, of each file where it is in several."""
    if by_file := error.facts.get("by_file"):
        return [Finding(file, problem) for file, problems in by_file.items() for problem in problems]
    problems: Iterable[str] = error.facts.get("problems") or [str(error.facts["problem"])]
    return [Finding(table, problem) for problem in problems]


def said(error: Exception) -> str:
    """Return what an error says, in one line."""
    if isinstance(error, UnportableSql):
        return str(error)
    return " ".join(str(error).split("\n\nLINE")[0].split("\nLINE")[0].split())
