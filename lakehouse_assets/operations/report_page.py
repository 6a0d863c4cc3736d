"""Write a report as one HTML page that needs nothing else: no script, no network, light and dark, phone and screen."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

from lakehouse_assets.operations.report_parts import Chart, Report, Section, Table
from lakehouse_assets.operations.report_svg import draw

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --card: #f6f8fa; --ink: #1f2328; --soft: #59636e; --line: #d1d9e0;
  --series-1: #0969da; --series-2: #bc4c00; --series-3: #1a7f37; --series-4: #8250df; --series-5: #6e7781; }
@media (prefers-color-scheme: dark) { :root { --paper: #0d1117; --card: #161b22; --ink: #e6edf3; --soft: #9198a1;
  --line: #3d444d; --series-1: #4493f8; --series-2: #f0883e; --series-3: #3fb950; --series-4: #ab7df8;
  --series-5: #9198a1; } }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 0 auto;
  max-width: 78rem; padding: 1rem; }
h1 { font-size: 1.5rem; margin: .5rem 0; } h2 { font-size: 1.15rem; margin: 2rem 0 .25rem; }
h3 { font-size: .95rem; margin: 0 0 .5rem; font-weight: 600; } p, dd { margin: 0; } .soft { color: var(--soft); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; overflow-wrap: anywhere; }
dt { color: var(--soft); } dd { min-width: 0; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 22rem), 1fr)); gap: 1rem;
  margin: .75rem 0; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .75rem; min-width: 0; }
.card.wide { grid-column: 1 / -1; }
svg { display: block; width: 100%; height: auto; } svg text { font-family: system-ui, sans-serif !important; }
.scroll { overflow-x: auto; max-height: 28rem; }
table { border-collapse: collapse; width: 100%; font-size: .85rem; }
th, td { text-align: left; padding: .25rem .5rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th { position: sticky; top: 0; background: var(--card); }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
summary { cursor: pointer; color: var(--soft); font-size: .85rem; margin-top: .5rem; }
"""


def to_html(report: Report) -> str:
    """Return the page of a report."""
    charts = iter(range(1, 1 + sum(len(section.parts) for section in report.sections)))
    sections = "\n".join(_section(section, charts) for section in report.sections)
    standing = "".join(f"<dt>{escape(what)}</dt><dd>{escape(said)}</dd>" for what, said in report.standing)
    return f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(report.pipeline)}: report of {report.made_at:%Y-%m-%d}</title><style>{STYLE}</style></head>
<body>
<h1>{escape(report.pipeline)}</h1>
<p class="soft">Made {report.made_at:%Y-%m-%d %H:%M} UTC of the lake <code>{escape(report.lake)}</code>;
runs of {report.first} to {report.last}.</p>
<h2>How it stands</h2>
<dl>{standing}</dl>
{sections}
</body></html>
"""


def _section(section: Section, numbers: Iterable[int]) -> str:
    parts = "\n".join(_part(part, number) for part, number in zip(section.parts, numbers, strict=False))
    note = f'<p class="soft">{escape(section.note)}</p>' if section.note else ""
    return f'<section><h2>{escape(section.title)}</h2>{note}<div class="cards">{parts}</div></section>'


def _part(part: Chart | Table, number: int) -> str:
    if isinstance(part, Table):
        return f'<div class="card wide"><h3>{escape(part.title)}</h3>{_table(part)}</div>'
    unit = f' <span class="soft">{escape(part.unit)}</span>' if part.unit else ""
    head = f"<h3>{escape(part.title)}{unit}</h3>"
    if not part.days or not part.series:
        return f'<div class="card">{head}<p class="soft">Nothing in these days.</p></div>'
    rows = tuple((day, *values) for day, *values in zip(part.days, *part.series.values(), strict=True))
    figures = Table(part.title, ("day", *part.series), rows, frozenset(part.series))
    details = f"<details><summary>Figures</summary>{_table(figures)}</details>"
    return f'<div class="card">{head}{draw(part, number)}{details}</div>'


def _table(table: Table) -> str:
    if not table.rows:
        return '<p class="soft">None.</p>'
    marks = [' class="number"' if name in table.numbers else "" for name in table.columns]
    head = "".join(
        f"<th{m}>{escape(name.replace('_', ' '))}</th>" for name, m in zip(table.columns, marks, strict=True)
    )
    body = "".join(
        "<tr>" + "".join(f"<td{m}>{escape(_text(value))}</td>" for value, m in zip(row, marks, strict=True)) + "</tr>"
        for row in table.rows
    )
    label = escape(table.title)
    shown = f'<table aria-label="{label}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return f'<div class="scroll">{shown}</div>'


def _text(value: Any) -> str:  # noqa: ANN401 - any value of a table
    """Return a value for people: numbers with separators and all their digits, nothing for NULL."""
    if value is None or str(value) == "<NA>":
        return ""
    return str(value) if isinstance(value, (str, bool)) or not hasattr(value, "__add__") else _number(value)


def _number(value: Any) -> str:  # noqa: ANN401 - a number or a date
    return f"{value:,}" if not hasattr(value, "isoformat") else value.isoformat()
