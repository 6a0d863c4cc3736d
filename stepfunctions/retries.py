"""Say which errors of which service are tried again: our tree of errors, and AWS' own transient names.

Belongs here: names and numbers of `Retry`. Not here: what happens when they are used up (every task has a catch), and
errors whose own name is in the cause only (`again`).
"""

from __future__ import annotations

from typing import Literal

from lakehouse_assets import errors
from stepfunctions.causes import TASK_FAILED
from stepfunctions.states import Retry
from stepfunctions.steps import RetryPolicy

Service = Literal["lambda", "glue", "crawler", "athena", "sns"]

HELD = errors.LeaseHeld.__name__
"""Another run has the pipeline, for as long as that run takes."""

AWS: dict[Service, tuple[str, ...]] = {
    "lambda": (
        "Lambda.AWSLambdaException",
        "Lambda.ClientExecutionTimeoutException",
        "Lambda.SdkClientException",
        "Lambda.ServiceException",
    ),
    "glue": ("Glue.AWSGlueException", "Glue.InternalServiceException", "Glue.OperationTimeoutException"),
    "crawler": ("Glue.AWSGlueException", "Glue.InternalServiceException", "Glue.OperationTimeoutException"),
    "athena": ("Athena.AmazonAthenaException", "Athena.InternalServerException"),
    "sns": (TASK_FAILED,),
}
"""Names of the errors by which a service says that a call got lost:
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html"""
FULL: dict[Service, tuple[str, ...]] = {
    "lambda": ("Lambda.TooManyRequestsException",),
    "glue": (
        "Glue.ConcurrentRunsExceededException",
        "Glue.ResourceNumberLimitExceededException",
        "Glue.ThrottlingException",
    ),
    "crawler": ("Glue.CrawlerRunningException", "Glue.ThrottlingException"),
    "athena": ("Athena.TooManyRequestsException",),
    "sns": (),
}
"""Names of the errors by which a service says that others have all of its capacity."""

FIRST_PAUSE, LONGEST_PAUSE = 10, 60
"""Seconds between two looks whether a lease or capacity is free; the pause doubles from the first to the longest."""


def transient_names() -> tuple[str, ...]:
    """Return the names of the leaves of `errors.Transient`, as a Python function on Lambda reports them.

    Only those of the tree in `errors` count: what a machine says must not depend on which other modules were imported.
    """
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.Transient)]
    parents = {parent for kind in kinds for parent in kind.__mro__[1:]}
    return tuple(sorted(kind.__name__ for kind in kinds if kind not in parents))


def retries(
    service: Service, policy: RetryPolicy, patience_seconds: int, *, is_read: bool = False
) -> tuple[Retry, ...]:
    """Return what is tried again: hiccups 5 times, our transient errors by the step's policy, what is full by patience.

    Args:
        service: that is called.
        policy: of the step.
        patience_seconds: how long a lease that is held, or capacity that is taken, is waited for.
        is_read: whether the call is a query that may be run again for any reason, as it costs a scan and changes
            nothing.
    """
    full = FULL[service] + ((HELD,) if service == "lambda" and policy.max_retries else ())
    waits = [waiting(full, patience_seconds)] if full else []
    patient = Retry(AWS[service], interval_seconds=2, max_attempts=5)
    transient = tuple(name for name in transient_names() if name != HELD) if service == "lambda" else ()
    own = transient or ((TASK_FAILED,) if is_read else ())
    if not own or not policy.max_retries:
        return (patient, *waits)
    return (patient, *waits, Retry(own, policy.delay_seconds, policy.max_retries, policy.backoff_rate))


def waiting(names: tuple[str, ...], seconds: int) -> Retry:
    """Return a retry whose pauses together last at least so many seconds.

    >>> waiting(("LeaseHeld",), 100).max_attempts  # 10 + 20 + 40 + 60
    4
    """
    pauses = [FIRST_PAUSE]
    while sum(pauses) < seconds:
        pauses.append(min(2 * pauses[-1], LONGEST_PAUSE))
    # Without jitter, which would make of the sum something that may be short.
    return Retry(names, FIRST_PAUSE, len(pauses), max_delay_seconds=LONGEST_PAUSE, jitter=False)
