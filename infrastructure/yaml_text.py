"""Read templates with CloudFormation's short tags, and write templates that are the same for the same content."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

Json = dict[str, Any]
"""Holds a template, or a part of one, with functions in their long form, such as `{"Fn::Sub": ...}`."""
EMITTED = "# Emitted by `make emit` from infrastructure/parts, the functions and the machines: do not edit.\n"


class _Loader(yaml.SafeLoader):
    """Read `!Sub` and its like as `{"Fn::Sub": ...}`."""


def _tagged(loader: _Loader, name: str, node: yaml.Node) -> Json:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    if name == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {name if name in {"Ref", "Condition"} else f"Fn::{name}": value}


_Loader.add_multi_constructor("!", _tagged)
# A template's versions and an IAM policy's are dates to YAML, and texts to AWS.
_Loader.yaml_implicit_resolvers = {
    key: [(tag, rule) for tag, rule in rules if tag != "tag:yaml.org,2002:timestamp"]
    for key, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read(path: Path) -> Json:
    """Return the content of a template or of a part of one."""
    found: Json = yaml.load(path.read_text("utf-8"), Loader=_Loader)  # noqa: S506 - a SafeLoader
    return found


class _Dumper(yaml.SafeDumper):
    """Write without references from one place of the text to another."""

    def ignore_aliases(self, data: object) -> bool:
        """Say that nothing is referred to."""
        del data
        return True


# A library that changes how SafeDumper writes texts of several lines, as `datacontract` does, changes no template.
_Dumper.add_representer(str, _Dumper.represent_str)


def text_of(template: Json) -> str:
    """Return a template's text; keys keep their order."""
    return EMITTED + yaml.dump(template, Dumper=_Dumper, sort_keys=False, width=110, allow_unicode=True)
