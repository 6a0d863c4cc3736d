"""The simulated tenant shares no code with what pulls from it."""

from __future__ import annotations

import ast
from pathlib import Path

from lakehouse_assets.affise import simulator

OWN = "lakehouse_assets.affise.simulator"


def test_the_simulator_imports_nothing_of_the_house_but_its_errors() -> None:
    """So a mistake in the client or the pipeline cannot be in the tenant as well."""
    found = set()
    for path in Path(simulator.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found |= {name for name in names if name.startswith("lakehouse_assets") and not name.startswith(OWN)}
    assert found == {"lakehouse_assets.errors"}
