"""Write links to the console of AWS, in whichever partition a region lies."""

from __future__ import annotations

from urllib.parse import quote

CONSOLES = {"cn-": "console.amazonaws.cn", "us-gov-": "console.amazonaws-us-gov.com"}
USUAL = "console.aws.amazon.com"


def log_link(region: str, group: str, stream: str) -> str:
    """Return the link to a stream of CloudWatch Logs.

    >>> log_link("eu-west-1", "/jobs/error", "jr_1").partition("#")[2]
    'logsV2:log-groups/log-group/$252Fjobs$252Ferror/log-events/jr_1'
    """
    place = f"log-groups/log-group/{_twice(group)}/log-events/{_twice(stream)}"
    return f"{_console(region)}/cloudwatch/home?region={region}#logsV2:{place}"


def query_link(region: str, query_id: str) -> str:
    """Return the link to a query of Athena in its history."""
    return f"{_console(region)}/athena/home?region={region}#/query-editor/history/{quote(query_id)}"


def execution_link(arn: str) -> str:
    """Return the link to an execution of a state machine.

    >>> execution_link("arn:aws-cn:states:cn-north-1:111122223333:execution:m:e").partition("/states/")[0]
    'https://cn-north-1.console.amazonaws.cn'
    """
    return f"{_console(arn.split(':')[3])}/states/home#/v2/executions/details/{arn}"


def object_link(region: str, place: str) -> str:
    """Return the link to an object, or to a folder when it ends with a slash.

    >>> object_link("eu-west-1", "s3://acme/lake/runs/r1/report.json").partition("/s3/")[2]
    'object/acme?region=eu-west-1&prefix=lake%2Fruns%2Fr1%2Freport.json'
    """
    bucket, _, key = place.removeprefix("s3://").partition("/")
    kind = "buckets" if key.endswith("/") else "object"
    return f"{_console(region)}/s3/{kind}/{bucket}?region={region}&prefix={quote(key, safe='')}"


def _console(region: str) -> str:
    host = next((host for prefix, host in CONSOLES.items() if region.startswith(prefix)), USUAL)
    return f"https://{region}.{host}"


def _twice(text: str) -> str:
    """Return a text as the console's links hold it: quoted, and its percent signs written as `$25`."""
    return quote(quote(text, safe=""), safe="").replace("%", "$")
