"""The last step: landing is the queue until everything is good."""

# No postponed annotations here: Dagster reads the types of `config` and the resource from the functions.
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from lakehouse_assets.compute.tasks import TASK_METADATA, to_metadata
from lakehouse_assets.graph import metadata as md
from lakehouse_assets.graph.pipeline import RETRY, Pipeline
from lakehouse_assets.graph.resource import LakehouseResource, invoked, reported, run_id_of


def archive_asset(pipeline: Pipeline) -> dg.AssetsDefinition:
    """The last step: landing is the queue until everything is good."""

    @dg.asset(
        key=pipeline.archive_key,
        deps=[md.asset_key(c) for c in pipeline.layer("gold")],
        group_name=pipeline.name,
        kinds={"s3"},
        owners=[pipeline.layer("silver")[0].owner],
        description="Exactly the manifest's files, moved out of landing; refused ones go to quarantine.",
        tags={"layer": "archive", "pipeline": pipeline.name},
        metadata={TASK_METADATA: dg.MetadataValue.json(to_metadata(pipeline.archive))},
        retry_policy=RETRY,
    )
    def archive(context: dg.AssetExecutionContext, lakehouse: LakehouseResource) -> dg.MaterializeResult[Any]:
        services, run_id = lakehouse.services, run_id_of(context)
        with reported(services.folder(run_id), "archive"):
            answer, call = invoked(services, pipeline.archive, run_id)
            services.folder(run_id).write("archive", answer)
        left: Sequence[Mapping[str, Any]] = answer["left"]
        return dg.MaterializeResult(
            metadata={
                "moved": len(answer["moved"]),
                "bytes": answer["bytes"],
                "left": len(left),
                "left_files": md.preview(left),
            }
            | call
        )

    return archive
