"""The gate on long functions."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.body_length import main


def write_function(folder: Path, statements: int, docstring_lines: int) -> None:
    """A file with one function: its `def` line, a docstring and statements."""
    docstring = '    """' + "\n" * (docstring_lines - 1) + '"""\n'
    (folder / "f.py").write_text(f"def f():\n{docstring}" + "    x = 1\n" * statements, encoding="utf-8")


def test_fifty_lines_pass(tmp_path: Path) -> None:
    """A function of 50 lines passes however long its docstring is."""
    write_function(tmp_path, statements=49, docstring_lines=30)
    main([str(tmp_path)])


def test_one_more_is_refused_by_name(tmp_path: Path) -> None:
    """A function of 51 lines is refused with its name and place."""
    write_function(tmp_path, statements=50, docstring_lines=1)
    with pytest.raises(SystemExit, match=r"f\.py:1: `f` has 51 lines, at most 50"):
        main([str(tmp_path)])
