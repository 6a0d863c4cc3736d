"""A run's request in the launchpad: fields with types and words, and what Dagster refuses by itself."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pytest

from lakehouse_assets.core.request import ALLOWED, FIELDS, Selection, Window, parse_request, words
from lakehouse_assets.definitions import build_definitions
from lakehouse_assets.ecommerce.pipeline import PIPELINE as SHOP
from lakehouse_assets.graph.pipeline import Pipeline
from lakehouse_assets.graph.request_config import DEFAULTS, TYPES, config_schema, given_config
from lakehouse_assets.settings import Settings

EVERYTHING: dict[str, Any] = {
    "as_of": "2025-04-03T12:00:00Z",
    "mode": "replay",
    "files": [["orders/1.csv", "e1"]],
    "selection": {"code": "date_missing"},
    "max_reject_ratio": 0.5,
}


def asked(pipeline: Pipeline, **given: Any) -> dict[str, Any]:
    """The configuration of a run of the pipeline that is asked this, as Dagster completes it."""
    job = build_definitions(Settings(), [pipeline]).resolve_job_def(pipeline.name)
    complete = dg.validate_run_config(job, {"ops": {pipeline.plan_op: {"config": given}}})
    config: dict[str, Any] = complete["ops"][pipeline.plan_op]["config"]
    return config


def test_every_field_of_a_request_has_a_type() -> None:
    """A field that is added to the request without one is noticed here."""
    assert set(TYPES) == set(FIELDS)
    assert set(DEFAULTS) <= set(FIELDS)


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_is_shown_with_its_words_and_what_it_allows(name: str) -> None:
    """And none must be filled in."""
    field = config_schema([name])[name]
    assert field.description == f"{words(name)} Allowed: {ALLOWED[name]}."
    assert not field.is_required


def test_the_parts_of_a_field_have_words_too(returns: Pipeline) -> None:
    """A window has its two days, a selection its four parts, as they are declared."""
    schema = config_schema(returns.asked)
    for name, model in (("window", Window), ("selection", Selection)):
        shape: Any = schema[name].config_type
        parts = getattr(shape, "inner_type", shape).fields
        assert {part: field.description for part, field in parts.items()} == {
            part: declared.description for part, declared in model.model_fields.items()
        }


def test_what_is_typed_is_what_is_asked() -> None:
    """The whole request arrives, and a run that is asked nothing is a load of what has landed."""
    assert parse_request(given_config(asked(SHOP, **EVERYTHING))) == parse_request(EVERYTHING)
    assert parse_request(given_config(asked(SHOP))) == parse_request({})


def test_a_window_is_typed_where_a_pipeline_works_on_days(returns: Pipeline) -> None:
    """And is unknown elsewhere."""
    window = {"start": "2025-04-01", "end": "2025-04-07"}
    assert given_config(asked(returns, window=window))["window"] == window
    with pytest.raises(dg.DagsterInvalidConfigError, match="unexpected config entry"):
        asked(SHOP, window=window)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"mode": "nonsense"}, "nonsense"),
        ({"max_reject_ratio": "few"}, "max_reject_ratio"),
        ({"files": "all"}, "files"),
        ({"selection": {"colour": "red"}}, "colour"),
        ({"engine": "spark"}, "engine"),
        ({"lake": "/elsewhere"}, "lake"),
    ],
)
def test_nonsense_is_refused_before_anything_starts(given: dict[str, Any], words: str) -> None:
    """Words of no vocabulary, values of another type, and what belongs to the installation."""
    with pytest.raises(dg.DagsterInvalidConfigError, match=words):
        asked(SHOP, **given)


def test_the_resource_has_nothing_to_type() -> None:
    """Lake, landing, zone and memory come from the settings."""
    job = build_definitions(Settings(), [SHOP]).resolve_job_def("ecommerce")
    with pytest.raises(dg.DagsterInvalidConfigError, match="lake"):
        dg.validate_run_config(job, {"resources": {"lakehouse": {"config": {"lake": "/elsewhere"}}}})
