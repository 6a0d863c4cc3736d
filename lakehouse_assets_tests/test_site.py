"""The site of the documents: it is built as CI builds it, is searched, and needs nothing from elsewhere."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lakehouse_assets.errors import LakehouseError

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; a link or an anchor that leads nowhere, or a page that no menu names, fails it."""
    folder = tmp_path_factory.mktemp("site")
    command = [str(Path(sys.executable).with_name("mkdocs")), "build", "--strict", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return folder


def test_a_word_is_found_on_the_page_that_is_about_it(site: Path) -> None:
    """The search has an index of its own, which the browser reads."""
    found = json.loads((site / "search" / "search_index.json").read_text("utf-8"))["docs"]
    pages = {entry["location"].partition("#")[0] for entry in found if "quarantine" in entry["text"]}
    assert {"glossary.html", "troubleshooting.html"} <= pages


def kinds(kind: type[LakehouseError] = LakehouseError) -> Iterator[type[LakehouseError]]:
    """The class and all below it."""
    yield kind
    for below in kind.__subclasses__():
        yield from kinds(below)


def test_the_sentences_of_troubleshooting_are_those_that_are_said() -> None:
    """Each stands in an error's own words, with `…` for its facts, from its first word on."""
    import lakehouse_assets.affise.errors  # noqa: F401 - its errors are below the root, too

    said = [re.sub(r"\{[^}]*\}", "…", kind.sentence) for kind in kinds() if not kind.sentence.startswith("{message}")]
    table = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8").partition("Not a sentence")[0]
    quoted = [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("| ")][1:]
    assert len(quoted) >= 10
    assert [one for one in quoted if not any(sentence.startswith(one) for sentence in said)] == []


def test_a_page_shows_without_a_network(site: Path) -> None:
    """No script, style, font or picture comes from another server."""
    for page in site.rglob("*.html"):
        text = page.read_text("utf-8")
        loaded = re.findall(r"<(?:script|img|iframe)[^>]*\ssrc=\"?([^\"\s>]+)", text)
        loaded += re.findall(r"<link[^>]*rel=\"?(?:stylesheet|icon)\"?[^>]*href=\"?([^\"\s>]+)", text)
        assert loaded, page
        assert [place for place in loaded if place.startswith(("http", "//"))] == [], page
