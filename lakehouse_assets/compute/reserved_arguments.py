"""Name the arguments of a job that Glue reads itself, so that no task takes one of them for its own.

https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-glue-arguments.html, read in November 2026: some are
"internal to AWS Glue", the others set up a job's environment and belong to the job's definition.
"""

from __future__ import annotations

INTERNAL = frozenset(
    {"--debug", "--endpoint", "--job_id", "--job_name", "--job_run_id", "--mode", "--securityconfiguration"}
)
SETTINGS = frozenset(
    {
        "--additional-python-modules",
        "--auto-scale-within-microbatch",
        "--class",
        "--conf",
        "--continuous-log-conversionpattern",
    }
    | {"--continuous-log-loggroup", "--continuous-log-logstreamprefix", "--customer-driver-env-vars"}
    | {"--customer-executor-env-vars", "--datalake-formats", "--disable-proxy", "--disable-proxy-v2"}
    | {"--encryption-type", "--executor-cores", "--extra-files", "--extra-jars", "--extra-py-files"}
    | {"--job-bookmark-from", "--job-bookmark-option", "--job-bookmark-to", "--job-language", "--library-set"}
    | {"--python-modules-installer-option", "--scriptlocation", "--spark-event-logs-path", "--tempdir"}
    | {"--use-postgres-driver", "--user-jars-first", "--write-shuffle-files-to-s3", "--write-shuffle-spills-to-s3"}
)
ENABLING = "--enable-"
"""Begins the names of further settings, of which there are more with every version of Glue."""


def is_reserved(argument: str) -> bool:
    """Say whether Glue reads an argument itself; large and small letters are the same here, to be sure.

    >>> [is_reserved(name) for name in ("--mode", "--TempDir", "--enable-metrics", "--run-mode")]
    [True, True, True, False]
    """
    name = argument.lower()
    return name in INTERNAL or name in SETTINGS or name.startswith(ENABLING)
