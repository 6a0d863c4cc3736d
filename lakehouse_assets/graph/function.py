"""Make function steps: assets whose body is one call of a Lambda function, such as a pull, an export or an archive."""

# No postponed annotations here: Dagster reads the type of the resource from the functions.
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import dagster as dg

from lakehouse_assets.compute.costs import spent_on
from lakehouse_assets.compute.reports import FunctionAnswer
from lakehouse_assets.compute.tasks import FunctionTask
from lakehouse_assets.graph import metadata as md
from lakehouse_assets.graph.pipeline import RETRY, Pipeline
from lakehouse_assets.graph.resource import Lakehouse, performing
from lakehouse_assets.graph.tasked import with_task

AssetDecorator = Callable[[Callable[..., Any]], dg.AssetsDefinition]
"""Types what `dg.asset` with arguments returns; Dagster's own type says nothing of the result."""
CONTROL = {"token", "done"}
"""Names the fields of an answer that say whether the function is to be called again; people need not see them."""


@dataclass(frozen=True)
class FunctionStep:
    """Hold what the UI shows of a function step: its layer, name in it, meaning, and kinds of the technology."""

    layer: str
    name: str
    description: str
    kinds: frozenset[str] = frozenset()

    @property
    def key(self) -> dg.AssetKey:
        """Return the step's asset key."""
        return dg.AssetKey([self.layer, self.name])


def function_asset(
    pipeline: Pipeline, step: FunctionStep, task: FunctionTask, after: Iterable[dg.AssetKey]
) -> dg.AssetsDefinition:
    """Return an asset that one call of a function makes, once the assets in `after` are made."""
    asset: AssetDecorator = dg.asset(
        key=step.key,
        deps=list(after),
        kinds=set(step.kinds),
        description=step.description,
        config_schema={},  # or else Dagster takes any configuration, and does nothing with it
        **function_facts(pipeline, step.layer),
        **pipeline.partitioning,
    )

    @asset
    def call(context: dg.AssetExecutionContext, lakehouse: dg.ResourceParam[Lakehouse]) -> dg.MaterializeResult[Any]:
        services = lakehouse.services(pipeline, context.run)
        with performing(lakehouse, services, step.name, context.log):
            answer = services.invoke(task)
        spent = md.spending(spent_on(services.spent(task.function)))
        return dg.MaterializeResult(metadata=shown(answer) | spent | md.run_report(services.run))

    return with_task(call, task)


def function_facts(pipeline: Pipeline, layer: str, **metadata: Any) -> dict[str, Any]:  # noqa: ANN401 - any metadata
    """Return what every function step of a pipeline has: group, owner, tags, retries, and further metadata."""
    return {
        "group_name": layer,
        "owners": [pipeline.owner],
        "tags": {"layer": layer, "pipeline": pipeline.name},
        "metadata": metadata,
        "retry_policy": RETRY,
    }


def shown(answer: FunctionAnswer) -> dict[str, Any]:
    """Return an answer as metadata: plain values as they are, lists of rows as tables, and what `call_facts` adds."""
    values = {name: value for name, value in answer.values.items() if name not in CONTROL}
    return {name: _shown(value) for name, value in values.items() if value is not None} | call_facts(answer)


def call_facts(answer: FunctionAnswer) -> dict[str, Any]:
    """Return how long a call took in seconds, and that no engine but Python was needed."""
    return {"seconds": round(answer.seconds, 3), "engine": "python"}


def _shown(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, list) and all(isinstance(item, Mapping) for item in value):
        return md.preview(value)
    return dg.MetadataValue.json(value) if isinstance(value, (list, dict)) else value
