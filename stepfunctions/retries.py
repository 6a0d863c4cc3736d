"""Say which errors of which service are tried again: our tree of errors, and AWS' own transient names.

Belongs here: names and numbers of `Retry`. Not here: what happens when they are used up (every task has a catch).
"""

from __future__ import annotations

from typing import Literal

from lakehouse_assets import errors
from stepfunctions.states import Retry
from stepfunctions.steps import RetryPolicy

Service = Literal["lambda", "glue", "athena", "sns"]

FAILED_QUERY = "States.TaskFailed"
"""The one name of every failed query's error, whatever the reason; a lost race for an Iceberg commit is one reason."""

AWS: dict[Service, tuple[str, ...]] = {
    "lambda": (
        "Lambda.AWSLambdaException",
        "Lambda.ClientExecutionTimeoutException",
        "Lambda.SdkClientException",
        "Lambda.ServiceException",
        "Lambda.TooManyRequestsException",
    ),
    "glue": ("Glue.AWSGlueException", "Glue.ConcurrentRunsExceededException", "Glue.InternalServiceException"),
    "athena": ("Athena.AmazonAthenaException", "Athena.InternalServerException", "Athena.TooManyRequestsException"),
    "sns": ("States.TaskFailed",),
}
"""Names of the errors by which a service says that a call was one too many or got lost:
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html"""


def transient_names() -> tuple[str, ...]:
    """Return the names of the leaves of `errors.Transient`, as a Python function on Lambda reports them.

    Only those of the tree in `errors` count: what a machine says must not depend on which other modules were imported.
    """
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.Transient)]
    parents = {parent for kind in kinds for parent in kind.__mro__[1:]}
    return tuple(sorted(kind.__name__ for kind in kinds if kind not in parents))


def retries(service: Service, policy: RetryPolicy) -> tuple[Retry, ...]:
    """Return what is tried again: the service's hiccups up to 5 times, our transient errors by the step's policy.

    A failed query costs a scan and changes nothing, so it is tried again too. A failed Glue job has one name as well,
    but its cause holds the error's own; `step_states.glue_block` looks there.
    """
    patient = Retry(AWS[service], interval_seconds=2, max_attempts=5)
    own = {"lambda": transient_names(), "athena": (FAILED_QUERY,)}.get(service, ())
    if not own or not policy.max_retries:
        return (patient,)
    return (patient, Retry(own, policy.delay_seconds, policy.max_retries, policy.backoff_rate))
