"""Write check states as one self-contained HTML page, for a phone as for a screen, by day and by night.

It begins with what is wrong: failing rows, their SQL, and how the check ended before. Nothing is loaded from elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape
from itertools import groupby

from lakehouse_assets.operations.check_formats import verdict
from lakehouse_assets.operations.check_results import CheckState, Past

STYLE = """
:root { color-scheme: light dark; --line: #8884; --good: #1a7f37; --bad: #cf222e; --warn: #9a6700; --soft: #8881; }
@media (prefers-color-scheme: dark) { :root { --good: #3fb950; --bad: #f85149; --warn: #d29922; } }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 1.5rem auto; padding: 0 1rem; }
body { overflow-wrap: anywhere; }
h1 { margin-bottom: .2rem; } h2 { font-size: 1rem; margin: 1.4rem 0 .3rem; }
article { border-top: 1px solid var(--line); padding: .5rem 0; }
.head { display: flex; flex-wrap: wrap; gap: .1rem .9rem; align-items: baseline; }
.head .name { flex: 1 1 12rem; } .head .at { font-variant-numeric: tabular-nums; opacity: .75; }
.good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); }
p { margin: .2rem 0; }
.past { display: flex; flex-wrap: wrap; gap: 2px; margin: .2rem 0; padding: 0; list-style: none; }
.past li { width: .7rem; height: .7rem; border-radius: 2px; background: currentColor; }
details { margin: .2rem 0; min-width: 0; }
.wide { overflow-x: auto; max-width: 100%; }
pre, table { font: 13px/1.4 ui-monospace, monospace; }
pre { margin: .4rem 0; padding: .5rem; background: var(--soft); border-radius: 6px; white-space: pre; }
pre, table { overflow-wrap: normal; }
table { border-collapse: collapse; }
th, td { text-align: left; padding: .15rem .6rem .15rem 0; border-bottom: 1px solid var(--line); white-space: pre; }
"""


def to_html(states: Sequence[CheckState], lake: str, made: datetime) -> str:
    """Return the page of check states.

    Args:
        states: those that are shown.
        lake: where they are of.
        made: now, UTC.
    """
    wrong = sorted((s for s in states if s.status != "passed"), key=lambda s: (s.is_good, s.table, s.check))
    tables = groupby(sorted(_passed(states), key=lambda s: s.table), key=lambda s: s.table)
    parts = ["<h2>Not passed</h2>" if wrong else "", *map(_article, wrong)]
    parts += [f"<h2>{escape(table)}</h2>\n" + "\n".join(map(_article, own)) for table, own in tables]
    tone = "good" if all(state.is_good for state in states) else "bad"
    return f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Checks: {escape(verdict(states))}</title><style>{STYLE}</style></head>
<body>
<h1>Checks</h1>
<p class="{tone}"><strong>{escape(verdict(states))}</strong></p>
<p>Lake <code>{escape(lake)}</code>, made {_moment(made)}</p>
{chr(10).join(part for part in parts if part)}
</body></html>
"""


def _passed(states: Sequence[CheckState]) -> list[CheckState]:
    return [state for state in states if state.status == "passed"]


def _article(state: CheckState) -> str:
    tone = "good" if state.status == "passed" else "warn" if state.is_good else "bad"
    table = "" if state.status == "passed" else f"{escape(state.table)} "
    failing = f", {state.failing:,} failing" if state.failing else ""
    required = "blocking" if state.blocking else state.severity or ""
    return f"""<article>
<div class="head"><span class="name">{table}<strong>{escape(state.check)}</strong></span>
<strong class="{tone}">{state.word}{failing}</strong><span>{required}</span>
<span class="at">{_moment(state.at) if state.at else ""}</span></div>
<p>{escape(state.description)}</p>{_history(state.history)}{_details(state)}
</article>"""


def _history(past: Sequence[Past]) -> str:
    """Return a check's results as squares, the oldest first, each with its moment."""
    if not past:
        return ""
    words = ((one, "passed" if one.passed else f"{one.failing or 'some'} failing") for one in reversed(past))
    squares = (
        f'<li class="{"good" if one.passed else "warn"}" title="{_moment(one.at)}: {word}"></li>' for one, word in words
    )
    return f'<ol class="past" aria-label="results before, the newest last">{"".join(squares)}</ol>'


def _details(state: CheckState) -> str:
    """Return a check's sample rows and SQL as HTML, unfolded where something is wrong."""
    parts = _sample(state.sample) + (f'<pre class="wide">{escape(state.sql)}</pre>' if state.sql else "")
    if not parts:
        return ""
    opened = "" if state.status == "passed" else " open"
    return f"<details{opened}><summary>rows and SQL</summary>{parts}</details>"


def _sample(rows: Sequence[dict[str, str]]) -> str:
    if not rows:
        return ""
    head = "".join(f"<th>{escape(name)}</th>" for name in rows[0])
    body = "".join("<tr>" + "".join(f"<td>{escape(value)}</td>" for value in row.values()) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _moment(moment: datetime) -> str:
    return f"{moment.isoformat(' ', 'seconds')[:19]} UTC"
