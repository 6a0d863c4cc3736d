"""Run Glue crawlers over Delta tables: what they find becomes tables of the catalog, and they can fail.

MiniStack waits five seconds, changes nothing and says SUCCEEDED.
https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-crawler-crawling.html
"""

# ruff: noqa: SLF001 - a patch replaces what is private
from __future__ import annotations

import contextvars
import json
import os
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

from .controls import CONTROLS
from .job_process import PYTHON
from .stopping import PIECE_SECONDS

FORMATS = {
    "InputFormat": "org.apache.hadoop.mapred.SequenceFileInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveSequenceFileOutputFormat",
}
SERDE = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"


def crawlers() -> None:
    """Replace how a crawler is started, and what is told of one that never ran."""
    from ministack.core.responses import json_response
    from ministack.services import glue

    get = glue._get_crawler

    def got(asked: dict[str, Any]) -> Any:
        answer = get(asked)
        if answer[0] != 200:
            return answer
        crawler = json.loads(answer[2])["Crawler"]
        return json_response({"Crawler": {name: held for name, held in crawler.items() if held is not None}})

    glue._start_crawler, glue._stop_crawler, glue._get_crawler = start, stop, got


def start(asked: dict[str, Any]) -> Any:
    """Answer StartCrawler: it runs in a thread of its own."""
    from ministack.core.responses import error_response_json, json_response
    from ministack.services import glue

    name = asked.get("Name")
    crawler = glue._crawlers.get(name)
    if crawler is None:
        return error_response_json("EntityNotFoundException", f"Crawler entry with name {name} does not exist", 400)
    if crawler["State"] != "READY":
        return error_response_json("CrawlerRunningException", f"Crawler with name {name} has already started", 400)
    crawler["State"] = "RUNNING"
    threading.Thread(target=contextvars.copy_context().run, args=(crawl, crawler), daemon=True).start()
    return json_response({})


def stop(asked: dict[str, Any]) -> Any:
    """Answer StopCrawler: it ends soon."""
    from ministack.core.responses import error_response_json, json_response
    from ministack.services import glue

    crawler = glue._crawlers.get(asked.get("Name"))
    if crawler is None or crawler["State"] != "RUNNING":
        return error_response_json("CrawlerNotRunningException", f"Crawler {asked.get('Name')} is not running", 400)
    crawler["State"] = "STOPPING"
    return json_response({})


def crawl(crawler: dict[str, Any]) -> None:
    """Look at all targets, and say how that went."""
    begun, failed = time.time(), ""
    try:
        for target in (crawler.get("Targets") or {}).get("DeltaTargets") or []:
            for place in target["DeltaTables"]:
                declare(crawler, place)
    except LookupError as error:
        failed = str(error)
    while crawler["State"] == "RUNNING" and time.time() - begun < CONTROLS["crawl_seconds"]:
        time.sleep(PIECE_SECONDS)
    status = "CANCELLED" if crawler["State"] != "RUNNING" else "FAILED" if failed else "SUCCEEDED"
    crawler["LastCrawl"] = {
        "Status": status,
        "LogGroup": "/aws-glue/crawlers",
        "LogStream": crawler["Name"],
        "StartTime": begun,
        **({"ErrorMessage": failed} if failed else {}),
    }
    crawler["CrawlElapsedTime"] = round((time.time() - begun) * 1000)
    crawler["State"] = "READY"


def declare(crawler: dict[str, Any], place: str) -> None:
    """Put one Delta table into the catalog, or bring it up to date there.

    Raises:
        LookupError: there is no Delta table.
    """
    from ministack.services import glue

    found = look(place)
    name = (crawler.get("TablePrefix") or "") + place.rstrip("/").rpartition("/")[2].lower()
    table = {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": [],
        "Parameters": {
            "EXTERNAL": "TRUE",
            "classification": "delta",
            "table_type": "delta",
            "spark.sql.sources.provider": "delta",
            "delta.lastCommitVersion": str(found["version"]),
        },
        "StorageDescriptor": {
            "Location": place.rstrip("/") + "/",
            "Columns": found["columns"],
            **FORMATS,
            "SerdeInfo": {"SerializationLibrary": SERDE, "Parameters": {"path": place, "serialization.format": "1"}},
        },
    }
    is_there = f"{crawler['DatabaseName']}/{name}" in glue._tables
    put = glue._update_table if is_there else glue._create_table
    answer = put({"DatabaseName": crawler["DatabaseName"], "TableInput": table})
    if answer[0] != 200:
        raise LookupError(json.loads(answer[2]).get("message", "the catalog refused the table"))


def look(place: str) -> dict[str, Any]:
    """Return version and columns of a Delta table, as delta-rs of the project's environment reads them.

    Raises:
        LookupError: there is none.
    """
    from ministack.core.responses import get_region

    script = Path(__file__).with_name("delta_columns.py")
    address = f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}"
    command = [os.environ[PYTHON], str(script), place.rstrip("/"), address, get_region()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LookupError(done.stderr.strip().splitlines()[-1])
    found: dict[str, Any] = json.loads(done.stdout)
    return found
