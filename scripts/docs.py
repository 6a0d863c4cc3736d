"""Write what is generated in pages: the data dictionary, files shown in a page, switches; this is `make docs`."""

from __future__ import annotations

import re
from pathlib import Path

from lakehouse_assets.affise.simulator.faults import FAULTS, Fault
from lakehouse_assets.operations import dictionary
from lakehouse_assets_tests.marketing.cases.catalogue import shown_by

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "data-dictionary.md"
ADDING = ROOT / "docs" / "adding-a-pipeline.md"
SIMULATOR = ROOT / "docs" / "affise-simulator.md"
CASES = ROOT / "docs" / "affise-cases.md"
EXAMPLE = ROOT / "lakehouse_assets_tests" / "returns"
"""The files that `ADDING` shows are in this folder."""

FILE_BLOCK = re.compile(
    r"(?P<head><!-- (?P<how>file|new|append): (?P<path>\S+) -->\n```\w*\n)(?P<text>.*?)(?P<tail>^```$)",
    re.DOTALL | re.MULTILINE,
)
"""This matches a fenced block that shows a file, with the comment above it that names the file."""


def refreshed(page: str, folder: Path) -> str:
    """Return the page with the present text in each block that shows a file of the folder."""

    def shown(block: re.Match[str]) -> str:
        text = (folder / block["path"]).read_text("utf-8") if block["how"] == "file" else block["text"]
        return f"{block['head']}{text}{block['tail']}"

    return FILE_BLOCK.sub(shown, page)


def with_switches(page: str) -> str:
    """Return the page about the simulated tenant with its present switches in the table at its end."""
    head, separator, _ = page.partition("| No | Switch | Kind | What it does |\n|---|---|---|---|\n")
    return head + separator + "".join(f"| {f.number} | `{f.name}` | {f.kind} | {f.sentence} |\n" for f in _numbered())


def with_cases(page: str) -> str:
    """Return the page about cases with every switch, what a run makes of it and the test that shows it at its end."""
    head, separator, _ = page.partition(
        "| No | Switch | What it does | What happens here | Test |\n|---|---|---|---|---|\n"
    )
    return head + separator + "".join(map(_case, _numbered()))


def _case(fault: Fault) -> str:
    happens, test = shown_by(fault.name)
    return f"| {fault.number} | `{fault.name}` | {fault.sentence} | {happens} | `{test}` |\n"


def _numbered() -> list[Fault]:
    return sorted(FAULTS.values(), key=lambda fault: (not fault.number.isdigit(), fault.number.zfill(2)))


if __name__ == "__main__":
    dictionary.write(PAGE)
    ADDING.write_text(refreshed(ADDING.read_text("utf-8"), EXAMPLE), "utf-8")
    SIMULATOR.write_text(with_switches(SIMULATOR.read_text("utf-8")), "utf-8")
    CASES.write_text(with_cases(CASES.read_text("utf-8")), "utf-8")
    print(f"docs: {PAGE.name}, {ADDING.name}, {SIMULATOR.name}, {CASES.name}")
