"""Refuse functions whose body is longer than 50 lines (part of `make check`).

A body is the function's lines without its docstring.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

LIMIT_LINES = 50


def lines_of(node: ast.AST) -> int:
    """Count the lines from the first to the last of a node."""
    return (getattr(node, "end_lineno", 0) or 0) - getattr(node, "lineno", 0) + 1


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    r"""Count the lines of a function without its docstring.

    >>> tree = ast.parse('def f():\n    "Say."\n    return 1')
    >>> body_lines(tree.body[0])
    2
    """
    has_docstring = ast.get_docstring(function, clean=False) is not None
    return lines_of(function) - (lines_of(function.body[0]) if has_docstring else 0)


def too_long(path: Path) -> Iterator[str]:
    """Yield one sentence per function of a file that is over the limit."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and body_lines(node) > LIMIT_LINES:
            yield f"{path}:{node.lineno}: `{node.name}` has {body_lines(node)} lines, at most {LIMIT_LINES} are allowed"


def main(folders: list[str]) -> None:
    """Check every Python file under the folders."""
    findings = [text for folder in folders for path in sorted(Path(folder).rglob("*.py")) for text in too_long(path)]
    if findings:
        raise SystemExit("\n".join(findings))
    print(f"body length: no function over {LIMIT_LINES} lines")


if __name__ == "__main__":
    main(sys.argv[1:])
