"""Check in a deployed environment what no emulator can prove; `make smoke ENV=prod`, once after the first deployment.

Each check is a sentence and a question to AWS. None of them changes data; what costs or tells people says so.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from botocore.exceptions import BotoCoreError, ClientError

from infrastructure import stack
from infrastructure.deploy import Deployment, parameters_of
from infrastructure.smoke import athena, executions, services
from infrastructure.smoke.check import Check, Outputs
from lakehouse_assets.errors import BadRequest, LakehouseError

CHECKS = (
    Check("Somebody has confirmed the subscription of the topic", services.topic_is_confirmed),
    Check("An image and a zip start with Python 3.13, and an error keeps its class", services.functions_start),
    Check(
        "Step Functions finds nothing in the deployed definitions, not even a warning", services.definitions_are_valid
    ),
    Check("S3 keeps its conditions on puts", services.a_condition_holds),
    Check("Requests without TLS are refused", services.plain_http_is_refused),
    Check("The workgroup enforces results, engine and limit", services.a_limit_holds),
    Check("Files that land are told to EventBridge, and a rule listens", services.a_landing_wakes),
    Check("Schedules are in the zone of their pipeline", services.schedules_know_their_zone),
    Check(
        "A failed Glue job hands its sentence to ErrorMessage, and its log is where its link leads (a minute of two "
        "workers)",
        executions.a_job_tells_its_error,
    ),
    Check(
        "A failed query and a failed job are named as the machines know them, and so is a state that is late (three "
        "minutes of two workers)",
        executions.failures_have_their_names,
    ),
    Check(
        "A run that fails is told, and its end reaches `EndRun` (people get one message, of a mode `smoke`)",
        executions.an_end_is_looked_at,
    ),
    Check("Athena reads silver's Delta tables, of the versions that Glue and functions write", athena.delta_is_read),
    Check("Athena has taken the DDL of gold, apostrophes in comments included", athena.ddl_is_accepted),
    Check("Athena plans a query on gold's Iceberg tables", athena.iceberg_is_merged),
    Check("Delta's times have a zone in Athena, or its sessions are in UTC", athena.times_keep_their_zone),
    Check("A MERGE updates, deletes and inserts, in a table of its own", athena.rows_are_merged),
)
"""Holds what only AWS can prove, in the order of its price. The last five need one run of e-commerce before."""


def smoke(of: Outputs, checks: Sequence[Check] = CHECKS) -> list[str]:
    """Make the checks one after the other, say how each went, and return the sentences that do not hold."""
    failed = []
    for check in checks:
        try:
            remark = check.ask(of)
            print(f"ok    {check.sentence}" + (f": {remark}" if remark else ""))
        except (LakehouseError, ClientError, BotoCoreError) as error:
            failed.append(check.sentence)
            print(f"FAIL  {check.sentence}: {error}")
    return failed


def main(argv: Sequence[str]) -> int:
    """Check an environment, and return the exit status."""
    parser = argparse.ArgumentParser(prog="make smoke", description=__doc__)
    parser.add_argument("env", metavar="ENV")
    parser.add_argument("--list", action="store_true", help="say what would be checked")
    given = parser.parse_args(argv)
    if given.list:
        print("\n".join(check.sentence for check in CHECKS))
        return 0
    try:
        asked = Deployment(given.env, parameters_of(given.env))
        if stack.status_of(asked.stack) is None:
            raise BadRequest(message=f"`{given.env}` is not deployed: `make deploy ENV={given.env}`")
        told = stack.outputs(asked.data_stack) | stack.outputs(asked.stack)
        failed = smoke(stack.parameters_of(asked.stack) | told)
    except (LakehouseError, ClientError, BotoCoreError) as error:
        print(f"smoke: {error}", file=sys.stderr)
        return 1
    print(f"smoke: {len(CHECKS) - len(failed)} of {len(CHECKS)} hold")
    return 1 if failed else 0
