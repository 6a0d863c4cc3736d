"""Measure how long the code location of a project with many gold models takes to load, in a process of its own.

    python -m scripts.bench.definitions --models 100 --folder DIR

Prints one line of JSON: seconds from an idle interpreter to resolved definitions, imports included, and peak memory in
MB. The folder gets a package with the contracts of the product's own silver tables and so many gold models: the
product's own ones under other names, and for each of them one more that reads it, with a contract and a SELECT each.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

OURS = Path(__file__).resolve().parents[2] / "lakehouse_assets"
NAME = "many_models"
LOADING = """
import resource
import lakehouse_assets.definitions
lakehouse_assets.definitions.defs.get_repository_def().load_all_definitions()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
MODELS = ("daily_sales", "product_daily", "user_orders")


def write_package(folder: Path, models: int) -> None:
    """Write a package with so many gold models into the folder."""
    package = folder / NAME
    for part in ("contracts", "sql"):
        (package / part).mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "pipeline.py").write_text(_renamed(OURS / "ecommerce" / "pipeline.py", "ecommerce", NAME), "utf-8")
    for file in (OURS / "contracts" / "ecommerce").glob("*.yaml"):
        if file.stem not in MODELS:
            name = file.name.replace("ecommerce", NAME)
            (package / "contracts" / name).write_text(_renamed(file, "ecommerce", NAME), "utf-8")
    for number in range(models):
        model = MODELS[number // 2 % len(MODELS)]
        _write_model(package, model, f"{model}_{number // 2}", derived=bool(number % 2))


def _write_model(package: Path, model: str, name: str, *, derived: bool) -> None:
    """Write one copy of a model, or a model that only reads that copy."""
    contract, select = OURS / "contracts" / "ecommerce" / f"{model}.yaml", OURS / "ecommerce" / "sql" / f"{model}.sql"
    own = f"{name}_again" if derived else name
    (package / "contracts" / f"{own}.yaml").write_text(_renamed(contract, model, own), "utf-8")
    read = select.read_text("utf-8")
    if derived:
        window = "user_id IN (:touched_users)" if model == "user_orders" else '"date" IN (:touched_dates)'
        read = f"SELECT * FROM ecommerce_gold.{name} WHERE :everything OR {window}\n"
    (package / "sql" / f"{own}.sql").write_text(read, "utf-8")


def _renamed(file: Path, old: str, new: str) -> str:
    return file.read_text("utf-8").replace(old, new)


def load_definitions(folder: Path) -> dict[str, float]:
    """Load the code location of that package in a process of its own; return seconds and peak memory in MB."""
    own = {"LAKEHOUSE_PIPELINES": NAME, "PYTHONPATH": os.pathsep.join([str(folder), str(OURS.parent)])}
    command, started = [sys.executable, "-c", LOADING], time.perf_counter()
    done = subprocess.run(command, check=True, env={**os.environ, **own}, cwd=folder, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    return {"seconds": round(seconds, 2), "max_rss_mb": round(int(done.stdout) / 1024)}


def main() -> None:
    """Measure once and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=100)
    parser.add_argument("--folder", type=Path, required=True)
    asked = parser.parse_args()
    if not (asked.folder / NAME).exists():
        write_package(asked.folder, asked.models)
    print(json.dumps(load_definitions(asked.folder)))


if __name__ == "__main__":
    main()
