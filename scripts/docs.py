"""Write the pages that are generated: the data dictionary, and the files shown in a page; this is `make docs`."""

from __future__ import annotations

import re
from pathlib import Path

from lakehouse_assets.operations import dictionary

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "data-dictionary.md"
ADDING = ROOT / "docs" / "adding-a-pipeline.md"
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


if __name__ == "__main__":
    dictionary.write(PAGE)
    ADDING.write_text(refreshed(ADDING.read_text("utf-8"), EXAMPLE), "utf-8")
    print(f"docs: {PAGE.name}, {ADDING.name}")
