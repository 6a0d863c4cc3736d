"""README names every schedule and sensor, and says which are off."""

from __future__ import annotations

from pathlib import Path

from lakehouse_assets.code_location import build_definitions
from lakehouse_assets.settings import Settings

README = Path(__file__).parents[2] / "README.md"


def test_readme_says_what_runs_by_itself(tmp_path: Path) -> None:
    """A line of its table for each; a line says `off` where its schedule or sensor is not on by default."""
    (_, _, rest) = README.read_text("utf-8").partition("## What runs by itself\n")
    lines = [line for line in rest.partition("\n## ")[0].splitlines() if line.startswith("| s")]
    made = build_definitions(Settings(lake=str(tmp_path)))
    for one in (*(made.schedules or ()), *(made.sensors or ())):
        spelled = {one.name, "<pipeline>_" + one.name.partition("_")[2]}
        (line,) = [line for line in lines if any(f"`{name}`" in line for name in spelled)]
        assert (" off" in line) == (one.default_status.value == "STOPPED"), line
