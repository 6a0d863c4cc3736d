"""Find the line of a contract file that a problem is about, so that whoever reads the problem need not look for it.

Problems are sentences that begin with what they are about (column `x`, rule `y`, a property) and name what is wrong
with it. Where neither is found in the file the line is that of the nearest mapping around it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from lakehouse_assets.contracts.yaml_reader import SAFE_LOADER

OWN_LINE = re.compile(r"has the key `.+` twice, in line \d+ and in line (\d+)")
"""Matches what is said of a key that stands twice (`yaml_reader`)."""
PARSED_LINE = re.compile(r"line (\d+)")
SUBJECT = re.compile(r"(?P<kind>column|rule) (?:`(?P<name>[^`]+)`|(?P<number>\d+))")
WORD = re.compile(r"[A-Za-z_]\w*")
FIELDS = {"type": "physicalType", "verdict": "severity"}
"""Maps words of sentences to the fields of the standard that they stand for."""
LISTS = {"column": "properties", "rule": "quality"}
"""Names the list of the schema in which each kind of subject stands."""


def line_of(text: str, problem: str) -> int:
    """Return the line, from 1, of a contract's YAML text that a problem of it is about; 1 where nothing tells.

    Args:
        text: the contract file; it need not be YAML.
        problem: one sentence, as a `ContractInvalid` holds it.
    """
    if own := OWN_LINE.search(problem):
        return int(own[1])
    try:
        root = yaml.compose(text, SAFE_LOADER)
    except yaml.YAMLError as error:
        found = PARSED_LINE.findall(str(error))
        return int(found[-1]) if found else 1
    if not isinstance(root, yaml.MappingNode):
        return 1
    subject = _subject(root, problem) or root
    return _named(subject, problem) or _line(subject)


def _subject(root: yaml.MappingNode, problem: str) -> yaml.MappingNode | None:
    """Return the column or rule that a problem begins with; the last of that name, if it is about a second one."""
    match = SUBJECT.match(problem)
    if not match:
        return None
    items = [item for table in _items(root, "schema") for item in _items(table, LISTS[match["kind"]])]
    if match["number"]:
        return items[int(match["number"]) - 1] if int(match["number"]) <= len(items) else None
    named = [item for item in items if _text(item, "name") == match["name"]]
    return named[-1 if problem.endswith(" twice") else 0] if named else None


def _named(node: yaml.MappingNode, problem: str) -> int | None:
    """Return the line of the first field or property of a mapping that a problem names."""
    match = SUBJECT.match(problem)
    places = dict(_places(node))
    words = WORD.findall(problem[match.end() :] if match else problem)
    return next((places[field] for field in (FIELDS.get(word, word) for word in words) if field in places), None)


def _places(node: yaml.MappingNode) -> Iterator[tuple[str, int]]:
    """Yield the name and line of each field and each custom property of a mapping, and of a table's schema."""
    for table in _items(node, "schema"):
        yield from _places(table)
    for key, _ in node.value:
        yield key.value, _line(key)
    for item in _items(node, "customProperties"):
        yield _text(item, "property"), _line(item)


def _items(node: yaml.MappingNode, name: str) -> list[yaml.MappingNode]:
    found = next((value for key, value in node.value if key.value == name), None)
    items = found.value if isinstance(found, yaml.SequenceNode) else []
    return [item for item in items if isinstance(item, yaml.MappingNode)]


def _text(node: yaml.MappingNode, name: str) -> str:
    return next((str(value.value) for key, value in node.value if key.value == name), "")


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
