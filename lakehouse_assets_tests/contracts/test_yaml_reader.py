"""What YAML says twice in one mapping is found, and what it says by reference is not."""

from __future__ import annotations

from lakehouse_assets.contracts.yaml_reader import Repeated, read_yaml


def test_a_key_of_any_mapping_that_stands_twice_is_found_with_its_lines() -> None:
    """Also within lists, and a third time; the same key of another mapping is another one."""
    text = "a: [{b: 1}, {b: 1,\n  b: 2}]\nc:\n  a: 1\n  a: 2\n  a: 3\n"
    assert read_yaml(text)[1] == (Repeated("b", 1, 2), Repeated("a", 4, 5), Repeated("a", 4, 6))


def test_a_key_that_a_reference_brings_may_be_said_again() -> None:
    """That is what a merge is for; a mapping that is referred to twice is looked at once."""
    text = "one: &one {a: 1, b: 1}\ntwo: {<<: *one, a: 2}\nthree: *one\n"
    assert read_yaml(text) == ({"one": {"a": 1, "b": 1}, "two": {"a": 2, "b": 1}, "three": {"a": 1, "b": 1}}, ())
