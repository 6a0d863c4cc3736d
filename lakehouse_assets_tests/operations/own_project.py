"""A project of a test's own: e-commerce under another name, whose contracts and SELECTs a test may spoil."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from lakehouse_assets.contracts import reader
from lakehouse_assets.operations.cli import main
from lakehouse_assets_tests.operations.conftest import FIRST, Result, put
from scripts.bench.definitions import NAME, write_package


@dataclass(frozen=True)
class Project:
    """A package in a folder, with gold tables `daily_sales_0` and `daily_sales_0_again`, which reads the first one."""

    folder: Path

    @property
    def package(self) -> Path:
        """The folder of the package."""
        return self.folder / NAME

    def command(self, *arguments: object) -> Result:
        """Call the command line in this process, which reads the project's files anew."""
        out, err = io.StringIO(), io.StringIO()
        with self.known(), redirect_stdout(out), redirect_stderr(err):
            code = main([str(argument) for argument in arguments])
        return Result(code, out.getvalue(), err.getvalue())

    @contextmanager
    def known(self) -> Iterator[None]:
        """Let this process have the project, as its files are now, and no other."""
        with pytest.MonkeyPatch.context() as patch:
            patch.syspath_prepend(self.folder)
            patch.setenv("LAKEHOUSE_PIPELINES", NAME)
            patch.setenv("LAKEHOUSE_LAKE", str(self.folder / "lake"))
            patch.setenv("LAKEHOUSE_LANDING", str(self.folder / "landing"))
            forget()
            yield
        forget()

    def contract(self, name: str, old: str, new: str) -> None:
        """Replace text, which is there, in a contract."""
        self._edit(self.package / "contracts" / f"{name}.yaml", old, new)

    def select(self, name: str, old: str, new: str) -> None:
        """Replace text, which is there, in a SELECT."""
        self._edit(self.package / "sql" / f"{name}.sql", old, new)

    def _edit(self, file: Path, old: str, new: str) -> None:
        text = file.read_text("utf-8")
        assert old in text, f"{file.name} has no `{old}`"
        file.write_text(text.replace(old, new), "utf-8")

    def drop(self, files: dict[str, str] = FIRST) -> None:
        """Drop files into landing."""
        put(self.folder / "landing", files)


def forget() -> None:
    """Forget what this process knows of a project."""
    reader.contracts.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == NAME]:
        del sys.modules[name]


def open_project(folder: Path, models: int = 2) -> Project:
    """A new project without a lake; landing is there and empty."""
    write_package(folder, models)
    (folder / "landing").mkdir()
    return Project(folder)
