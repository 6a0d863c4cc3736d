"""Make the crawlers of silver: one for each pipeline, so that none looks for tables that no run has made yet.

A Delta target is the folder of one table, https://docs.aws.amazon.com/glue/latest/webapi/API_DeltaTarget.html, and a
crawler puts what it finds into one database; so the tables of a pipeline are named here, and all lie in one.
"""

from __future__ import annotations

from infrastructure.pipelines import places
from infrastructure.yaml_text import Json
from lakehouse_assets.errors import BadRequest


def crawler_name(pipeline: str) -> str:
    """Return the name of a pipeline's crawler, with the name of the parameter in it."""
    return f"${{CrawlerName}}-{pipeline}"


def crawler_resources() -> dict[str, Json]:
    """Return the crawlers; a machine starts its own, and only where `Catalog` says so."""
    return {f"{name.title().replace('_', '')}Crawler": _crawler(name) for name in places()}


def _crawler(pipeline: str) -> Json:
    database, locations = _delta_tables(pipeline)
    tables = [{"Fn::Sub": location} for location in locations]
    target = {"DeltaTables": tables, "CreateNativeDeltaTable": True, "WriteManifest": False}
    properties: Json = {
        "Name": {"Fn::Sub": crawler_name(pipeline)},
        "Description": f"Finds the Delta tables of {pipeline}, where they are not declared from contracts.",
        "Role": {"Fn::GetAtt": ["CrawlerRole", "Arn"]},
        "DatabaseName": database,
        "Targets": {"DeltaTargets": [target]},
        "SchemaChangePolicy": {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "LOG"},
        "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVERYTHING"},
        "Tags": {"lakehouse": {"Ref": "EnvironmentName"}},
    }
    return {"Type": "AWS::Glue::Crawler", "Properties": properties}


def _delta_tables(pipeline: str) -> tuple[str, list[str]]:
    """Return the database of a pipeline's Delta tables, and where they lie.

    Raises:
        BadRequest: they lie in several databases.
    """
    from lakehouse_assets.contracts import contracts
    from lakehouse_assets.contracts.layers import stored_tables, table_location

    tables = [one for one in stored_tables(contracts(pipeline).values()).values() if one.layer != "gold"]
    first, *others = sorted({one.database for one in tables})
    if others:
        raise BadRequest(
            message=f"{pipeline}: a crawler fills one database, and `{others[0]}` is another than `{first}`"
        )
    return first, [table_location(one, "s3://${LakeBucket}") for one in tables]
