"""The project that the benchmark of the code location generates is one that loads."""

from __future__ import annotations

from pathlib import Path

from scripts.bench.definitions import NAME, load_definitions, write_package


def test_the_generated_project_has_its_models_and_loads(tmp_path: Path) -> None:
    """Six models are three of the product's own and three that read those; the figures are seconds and MB."""
    write_package(tmp_path, 6)
    names = sorted(file.stem for file in (tmp_path / NAME / "sql").glob("*.sql"))
    copies = ["daily_sales_0", "product_daily_1", "user_orders_2"]
    assert names == sorted([*copies, *(f"{name}_again" for name in copies)])
    found = load_definitions(tmp_path)
    assert 0 < found["seconds"] < 60
    assert found["max_rss_mb"] > 20
