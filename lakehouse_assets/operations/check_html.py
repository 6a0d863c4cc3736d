"""Write check states as one self-contained HTML page that begins with what is wrong, its failing rows and their SQL."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from lakehouse_assets.operations.check_formats import verdict
from lakehouse_assets.operations.check_results import CheckState

STYLE = """
:root { color-scheme: light dark; --line: #8886; --good: #1a7f37; --bad: #cf222e; --warn: #9a6700; }
@media (prefers-color-scheme: dark) { :root { --good: #3fb950; --bad: #f85149; --warn: #d29922; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid var(--line); }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
.good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); }
pre, .sample { overflow-x: auto; font: 13px/1.4 ui-monospace, monospace; }
pre { padding: .6rem; border: 1px solid var(--line); border-radius: 6px; }
"""
COLUMNS = ("Table", "Check", "Status", "Severity", "Failing rows", "When (UTC)", "What it says")


def to_html(states: Sequence[CheckState], lake: str) -> str:
    """Return the page of all check states of a lake."""
    ordered = sorted(states, key=lambda s: (s.is_good, s.status == "passed", s.table, s.check))
    ok = all(state.is_good for state in states)
    head = "".join(f"<th>{name}</th>" for name in COLUMNS)
    rows = "\n".join(_row(state) for state in ordered)
    return f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Checks: {escape(verdict(states))}</title><style>{STYLE}</style></head>
<body>
<h1>Checks</h1>
<p class="{"good" if ok else "bad"}"><strong>{escape(verdict(states))}</strong></p>
<p>Lake: <code>{escape(lake)}</code></p>
<table><thead><tr>{head}</tr></thead><tbody>
{rows}
</tbody></table>
</body></html>
"""


def _row(state: CheckState) -> str:
    tone = "good" if state.status == "passed" else "warn" if state.is_good else "bad"
    required = "blocking" if state.blocking else state.severity or ""
    at = state.at.isoformat(" ", "seconds")[:19] if state.at else ""
    failing = "" if state.failing is None else str(state.failing)
    cells = (
        f"<td>{escape(state.table)}</td><td>{escape(state.check)}</td>"
        f'<td class="{tone}"><strong>{state.status}</strong></td><td>{required}</td>'
        f'<td class="number">{failing}</td><td>{at}</td><td>{escape(state.description)}{_details(state)}</td>'
    )
    return f"<tr>{cells}</tr>"


def _details(state: CheckState) -> str:
    """Return a check's sample rows and SQL as HTML, unfolded where something is wrong."""
    parts = _sample(state.sample) + (f"<pre>{escape(state.sql)}</pre>" if state.sql else "")
    if not parts:
        return ""
    opened = "" if state.status == "passed" else " open"
    return f"<details{opened}><summary>rows and SQL</summary>{parts}</details>"


def _sample(rows: Sequence[dict[str, str]]) -> str:
    if not rows:
        return ""
    head = "".join(f"<th>{escape(name)}</th>" for name in rows[0])
    body = "".join("<tr>" + "".join(f"<td>{escape(value)}</td>" for value in row.values()) + "</tr>" for row in rows)
    return f'<div class="sample"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
