"""The README's walk-through is run as it stands: every command of its console blocks, with the output shown there."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)


def commands(text: str) -> list[tuple[str, str]]:
    """(command, expected output) of every `$ ` line in console blocks; `...` stands for anything."""
    found = []
    for block in BLOCK.findall(text):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, expected = part.partition("\n")
            found.append((command, expected))
    return found


def test_the_walk_through_runs_as_it_is_written(tmp_path: Path) -> None:
    """Each command succeeds in one shell session's folder and prints what the README shows."""
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "COLUMNS": "120"}
    checker = doctest.OutputChecker()
    walked = commands((ROOT / "README.md").read_text("utf-8"))
    assert len(walked) >= 7
    for command, expected in walked:
        shell = ["bash", "-c", command]
        done = subprocess.run(shell, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        shown = done.stdout + done.stderr
        assert done.returncode == 0, f"{command}\n{shown}"
        assert checker.check_output(expected, shown, doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE), (
            f"{command}\n{shown}"
        )


def test_every_path_and_link_of_the_readme_exists() -> None:
    """Relative links and pictures lead somewhere."""
    text = (ROOT / "README.md").read_text("utf-8")
    targets = re.findall(r"\]\((?!http)([^)#]+)\)", text)
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []
