"""The e-commerce pipeline: CSV drops of products, orders and order items to silver (Delta) and gold (Iceberg).

Sizes that drove the design: five days are 3,500 rows of orders and products and 14,000 items, 1 MB; a hundred
times a busy fortnight is 4 million items, 300 MB. What runs is declared here; how it runs is `graph` and `compute`.
"""

from __future__ import annotations

from lakehouse_assets.compute.tasks import FunctionTask, GlueTask
from lakehouse_assets.graph.assets import pipeline_assets
from lakehouse_assets.graph.pipeline import Pipeline

ECOMMERCE = Pipeline(
    name="ecommerce",
    plan=FunctionTask(
        "PlanRun",
        {
            "run_id": "{run_id}",
            "pipeline": "{pipeline}",
            "as_of": "{as_of}",
            "mode": "{mode}",
            "files": "{files}",
            "date": "{date}",
            "selection": "{selection}",
            "max_reject_ratio": "{max_reject_ratio}",
            "landing": "{landing}",
            "lake": "{lake}",
        },
        gives=("manifest", "as_of"),
    ),
    load=GlueTask(
        "Lakehouse",
        {
            "--run-id": "{run_id}",
            "--manifest-uri": "{lake}/{manifest}",
            "--lake-root": "{lake}",
            "--as-of": "{as_of}",
            "--mode": "{mode}",
            "--source-timezone": "{source_timezone}",
        },
    ),
    archive=FunctionTask(
        "Moves3Objects",
        {"manifest_key": "{manifest}", "landing": "{landing}", "lake": "{lake}", "refused": "{refused}"},
        repeat=True,
    ),
)

assets = pipeline_assets(ECOMMERCE)
