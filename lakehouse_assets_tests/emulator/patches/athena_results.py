"""Results of one of Athena's queries: the CSV that lies in S3, and the pages that GetQueryResults answers.

https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryResults.html
"""

# ruff: noqa: SLF001 - MiniStack's state is private to it
from __future__ import annotations

import csv
import io
from typing import Any

from .athena_text import column_info, text_of
from .trino_client import Answer, TrinoError

LARGEST_PAGE = 1000


def keep(query: dict[str, Any]) -> None:
    """Write the results where Athena does: a CSV with every value quoted.

    Raises:
        TrinoError: the bucket is not there.
    """
    from ministack.services import s3

    answer: Answer = query["_answer"]
    written = io.StringIO()
    writer = csv.writer(written, quoting=csv.QUOTE_NOTNULL if hasattr(csv, "QUOTE_NOTNULL") else csv.QUOTE_ALL)
    writer.writerow([name for name, _ in answer.columns])
    kinds = [kind for _, kind in answer.columns]
    for row in answer.rows:
        writer.writerow([text_of(value, kind) for value, kind in zip(row, kinds, strict=True)])
    bucket, _, key = query["ResultConfiguration"]["OutputLocation"].partition("://")[2].partition("/")
    content = written.getvalue().encode()
    stored = s3._put_object(bucket, key, content, {"content-type": "text/csv", "content-length": str(len(content))})
    if isinstance(stored, tuple) and stored[0] >= 300:
        raise TrinoError("INVALID_OUTPUT", "USER_ERROR", f"Unable to verify/create output bucket {bucket}")


def results(asked: dict[str, Any]) -> Any:
    """Answer GetQueryResults: a page of rows, the first with the names of the columns before them."""
    from ministack.core.responses import error_response_json, json_response
    from ministack.services import athena

    query = athena._executions.get(asked.get("QueryExecutionId"))
    if query is None:
        said = f"QueryExecution {asked.get('QueryExecutionId')} was not found"
        return error_response_json("InvalidRequestException", said, 400)
    state = query["Status"]["State"]
    if state != "SUCCEEDED":
        final = "Query did not finish successfully. Final query state: "
        said = (
            final + state if state in ("FAILED", "CANCELLED") else f"Query has not yet finished. Current state: {state}"
        )
        return error_response_json("InvalidRequestException", said, 400)
    answer: Answer = query["_answer"]
    size, begin = int(asked.get("MaxResults") or LARGEST_PAGE), int(asked.get("NextToken") or 0)
    if not 1 <= size <= LARGEST_PAGE:
        return error_response_json(
            "InvalidRequestException", "MaxResults is more than maximum allowed length 1000.", 400
        )
    header = [{"Data": [{"VarCharValue": name} for name, _ in answer.columns]}] if has_header(query) else []
    lines = [*header, *answer.rows][begin : begin + size]
    more = {"NextToken": str(begin + size)} if begin + size < len(header) + len(answer.rows) else {}
    metadata = {"ColumnInfo": [column_info(name, kind) for name, kind in answer.columns]}
    rows = [line if isinstance(line, dict) else cells(line, answer.columns) for line in lines]
    return json_response(
        {"UpdateCount": answer.count or 0, "ResultSet": {"Rows": rows, "ResultSetMetadata": metadata}, **more}
    )


def has_header(query: dict[str, Any]) -> bool:
    """Say whether the names of the columns are the first row, which they are for queries."""
    return query["StatementType"] == "DML" and bool(query["_answer"].columns)


def cells(row: list[Any], columns: list[tuple[str, str]]) -> dict[str, Any]:
    """Return a row as the answer has it."""
    texts = (text_of(value, kind) for value, (_, kind) in zip(row, columns, strict=True))
    return {"Data": [{} if found is None else {"VarCharValue": found} for found in texts]}
