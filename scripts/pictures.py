"""Take the pictures of the asset graph that the README shows, from a fresh demo of all pipelines.

    python -m scripts.pictures

Needs Chromium, as the tests of the UI do. The demo and the browser's profile are in a folder that is removed again.
"""

from __future__ import annotations

import base64
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
READ_BY_REPORT = ("silver/clicks", "silver/conversions", "silver/offer_versions", "silver/affiliate_versions")
PICTURES = {
    "ecommerce": ("asset-graph.png", "ecommerce_files", ("landing", "bronze", "silver", "gold", "archive"), ""),
    # All 50 assets would be a page long and not to be read; these are the way to the report.
    "marketing": (
        "asset-graph-marketing.png",
        "sub5_report",
        ("silver", "gold", "report"),
        " or ".join(f'key:"{key}"' for key in ("bronze/*", "gold/*", "report/*", *READ_BY_REPORT)),
    ),
}
"""Name for each pipeline the picture, an asset that is in it once the graph is drawn, which layers are drawn open, and
which assets are shown."""
WINDOW, WIDTH = (3200, 1600), 1928
"""The window is so large that assets are drawn with what is known of them; pictures are so wide, in pixels."""
SAVE_BUTTON = (WINDOW[0] - 27, WINDOW[1] - 28)
"""Where the UI has its button that saves the graph; it has no name to find it by."""
LAKEHOUSE = str(Path(sys.executable).parent / "lakehouse")
FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
START_SECONDS, DRAW_SECONDS = 90, 15


def main() -> None:
    """Take all pictures."""
    with tempfile.TemporaryDirectory() as folder:
        demo = Path(folder, "demo")
        subprocess.run([LAKEHOUSE, "demo", "--folder", str(demo)], check=True, cwd=folder)
        port = _free_port()
        ui = subprocess.Popen([LAKEHOUSE, "dev", "--lake", str(demo / "lake"), "--port", str(port)], cwd=folder)
        try:
            _wait(f"http://127.0.0.1:{port}/server_info")
            _take(f"http://127.0.0.1:{port}", Path(folder, "profile"))
        finally:
            ui.terminate()
            ui.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(url: str) -> None:
    """Wait until the UI answers.

    Raises:
        TimeoutError: it does not.
    """
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        with suppress(OSError), urllib.request.urlopen(url) as answer:  # noqa: S310 - this machine
            if answer.status == 200:  # noqa: PLR2004 - HTTP's word for good
                return
        time.sleep(1)
    raise TimeoutError(url)


def _take(address: str, profile: Path) -> None:
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch_persistent_context(
            profile, executable_path=chromium, headless=True, args=list(FLAGS)
        )
        page = browser.new_page()
        page.set_default_timeout(60_000)
        for pipeline, (name, asset, layers, selection) in PICTURES.items():
            page.set_viewport_size({"width": WINDOW[0], "height": WINDOW[1]})
            query = f'tag:"pipeline"="{pipeline}"' + (f" and ({selection})" if selection else "")
            opened = quote(",".join(f"global@global:{layer}" for layer in layers), safe="")
            page.goto(f"{address}/asset-groups~{quote(query, safe='')}?expanded={opened}")
            page.get_by_text(asset, exact=True).first.wait_for()
            time.sleep(DRAW_SECONDS)
            with page.expect_download() as saved:
                page.mouse.click(*SAVE_BUTTON)
            drawn = profile / f"{pipeline}.svg"
            saved.value.save_as(drawn)
            _picture(page, drawn, IMAGES / name)
        browser.close()


def _picture(page: Page, drawn: Path, path: Path) -> None:
    """Take a picture of a saved graph, as wide as the window."""
    page.set_content(
        f'<body style="margin:0"><img style="width:{WIDTH}px" src="data:image/svg+xml;base64,{_base64(drawn)}">'
    )
    picture = page.locator("img")
    picture.wait_for()
    time.sleep(1)
    picture.screenshot(path=path)


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


if __name__ == "__main__":
    main()
