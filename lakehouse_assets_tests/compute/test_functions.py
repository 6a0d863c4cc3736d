"""Handlers of functions are found by name, and what has none is refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakehouse_assets.compute.functions import handler_of
from lakehouse_assets.errors import BadRequest
from lakehouse_assets_tests.returns.functions import pull_scans
from lambdas.moves3objects.handler import handler as moves
from lambdas.planrun.handler import handler as plans

MODULE = "lakehouse_assets_tests.returns.functions"
OWN = {"PullScans": f"{MODULE}:pull_scans"}


def test_a_function_of_the_product_has_its_handler_in_its_folder() -> None:
    """`PlanRun` is `lambdas/planrun`, however its name is written."""
    assert handler_of("PlanRun", {}) is plans
    assert handler_of("Moves3Objects", OWN) is moves


def test_a_function_of_the_pipeline_goes_first() -> None:
    """A pipeline names the handlers of its own functions, and may bring another one for a name of the product."""
    assert handler_of("PullScans", OWN) is pull_scans
    assert handler_of("PlanRun", {"PlanRun": OWN["PullScans"]}) is pull_scans


@pytest.mark.parametrize(
    ("function", "own", "path"),
    [
        ("PullScans", {}, "lambdas.pullscans.handler:handler"),
        ("Sum-Up", {}, "lambdas.sum_up.handler:handler"),
        ("Pull", {"Pull": "nowhere.at_all:pull"}, "nowhere.at_all:pull"),
        ("Pull", {"Pull": f"{MODULE}:push"}, f"{MODULE}:push"),
        ("Pull", {"Pull": MODULE}, MODULE),
        ("Pull", {"Pull": ":pull"}, ":pull"),
    ],
)  # fmt: skip
def test_a_function_without_a_handler_is_refused(function: str, own: dict[str, str], path: str) -> None:
    """The sentence names the function and where its handler was looked for."""
    with pytest.raises(BadRequest, match=f"^function `{function}` has no handler `{path}`: "):
        handler_of(function, own)


def test_an_error_inside_of_a_module_is_not_taken_for_its_absence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who broke a handler reads what is broken, not that there is none."""
    (tmp_path / "broken_handler.py").write_text("SHARE = 1 // 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ZeroDivisionError):
        handler_of("Broken", {"Broken": "broken_handler:handler"})
