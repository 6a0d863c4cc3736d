"""The README's walk-through is run as it stands: every command of its console blocks, with the output shown there."""

from __future__ import annotations

import re
from pathlib import Path

from lakehouse_assets_tests.walkthrough import walk

ROOT = Path(__file__).resolve().parents[1]


def test_the_walk_through_runs_as_it_is_written(tmp_path: Path) -> None:
    """Each command succeeds in one shell session's folder and prints what the README shows."""
    folder = tmp_path / "work"
    folder.mkdir()
    assert walk((ROOT / "README.md").read_text("utf-8"), folder, tmp_path / "session") >= 7


def test_every_path_and_link_of_the_readme_exists() -> None:
    """Relative links and pictures lead somewhere."""
    text = (ROOT / "README.md").read_text("utf-8")
    targets = re.findall(r"\]\((?!http)([^)#]+)\)", text)
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []
