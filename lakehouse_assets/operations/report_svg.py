"""Draw a chart as SVG that is part of a page: its text is text, and its colours are those of the page's style sheet."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from lakehouse_assets.operations.report_parts import Chart

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE = (4.4, 2.2)
"""Inches; a phone shows a chart of this width in its own size."""
TICKS = 5
LEAST_DAYS = 5
"""A chart of fewer days has bars as wide as one of so many."""
INK, LINE = "#010101", "#020202"
COLOURS = ("#030301", "#030302", "#030303", "#030304", "#030305")
"""Stand for colours of the style sheet until the chart is drawn; nothing else is drawn in them."""
NAMES = {INK: "var(--ink)", LINE: "var(--line)"} | {c: f"var(--series-{n})" for n, c in enumerate(COLOURS, 1)}


def draw(chart: Chart, number: int) -> str:
    """Return a chart of stacked bars, one for each day.

    Args:
        chart: what it shows; at least one day.
        number: of the chart in its page, so that its marks have names of their own.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    looks: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": f"chart-{number}",
        "font.family": "sans-serif",
        "font.size": 8,
    }
    colours = {
        "text.color": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "axes.edgecolor": LINE,
        "axes.labelcolor": INK,
    }
    with mpl.rc_context(looks | colours):  # the settings of whoever draws beside us stay as they are
        figure = Figure(figsize=SIZE, layout="constrained")
        axes = figure.subplots()
        _bars(axes, chart)
        file = io.StringIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _part_of_page(file.getvalue(), chart)


def _bars(axes: Axes, chart: Chart) -> None:
    places = [day.toordinal() for day in chart.days]
    below = [0.0] * len(places)
    for (name, values), colour in zip(chart.series.items(), COLOURS, strict=False):
        heights = [float(value or 0) for value in values]
        axes.bar(places, heights, bottom=below, width=0.8, color=colour, label=name.replace("_", " "))
        below = [height + under for height, under in zip(heights, below, strict=True)]
    axes.set_xticks(*_ticks(chart.days))
    margin = max(2, LEAST_DAYS - (places[-1] - places[0])) / 2
    axes.set_xlim(places[0] - margin, places[-1] + margin)
    axes.yaxis.set_major_formatter(lambda value, _: _short(value))
    axes.locator_params(axis="y", nbins=4)
    axes.grid(axis="y", color=LINE, linewidth=0.5)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    if len(chart.series) > 1:
        axes.figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=7)


def _ticks(days: Sequence[date]) -> tuple[list[int], list[str]]:
    """Return where days are named below a chart, and how: a few of them, the first and the last among them."""
    last = len(days) - 1
    chosen = sorted({round(last * number / max(TICKS - 1, 1)) for number in range(TICKS)})
    return [days[place].toordinal() for place in chosen], [f"{days[place]:%d %b}" for place in chosen]


def _short(value: float) -> str:
    """Return a value of an axis in few characters.

    >>> [_short(value) for value in (0, 12, 12500, 2_000_000, 0.5)]
    ['0', '12', '12.5k', '2M', '0.5']
    """
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def _part_of_page(svg: str, chart: Chart) -> str:
    """Return the drawing without what makes it a file, in the page's colours, with a title that can be read out."""
    from html import escape

    found = svg[svg.index("<svg") :]
    found = re.sub(r'(<svg\b[^>]*?) width="[^"]*"', r"\1", found, count=1)
    found = re.sub(r'(<svg\b[^>]*?) height="[^"]*"', r"\1", found, count=1)
    found = re.sub(r"<metadata>.*?</metadata>", "", found, flags=re.DOTALL)
    # Groups are numbered in each chart from 1, and nothing refers to them.
    found = re.sub(r' id="[a-z_.0-9]+_\d+"', "", found)
    for colour, name in NAMES.items():
        found = found.replace(colour, name)
    return found.replace("<svg", f'<svg role="img" aria-label="{escape(chart.title)}"', 1)
