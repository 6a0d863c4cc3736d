"""Write the pages that are generated from the contracts; this is `make docs`."""

from __future__ import annotations

from pathlib import Path

from lakehouse_assets.operations import dictionary

PAGE = Path(__file__).resolve().parent.parent / "docs" / "data-dictionary.md"

if __name__ == "__main__":
    dictionary.write(PAGE)
    print(f"docs: {PAGE.name}")
