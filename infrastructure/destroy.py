"""Remove an environment; its data stays unless it is named; `make destroy ENV=prod`.

    python -m infrastructure.destroy ENV [--yes] [--with-data BUCKET_PREFIX]

Without `--with-data` the stack of all that runs goes, and deploying again takes up the data that is there. With it the
buckets go too, with every version of every object; the name of what is lost has to be written out.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infrastructure import stack
from infrastructure.deploy import Deployment, parameters_of
from lakehouse_assets.errors import BadRequest, LakehouseError
from lakehouse_assets.storage.aws import client as s3_client
from lakehouse_assets.storage.aws import client_of

KINDS = ("lake", "landing", "results", "code", "logs")
AT_ONCE = 1000
"""How many objects one request deletes at most."""


def destroy(asked: Deployment, *, data: str | None = None) -> list[str]:
    """Remove what runs and, where `data` names it, the data; return in words what was removed.

    Args:
        asked: the environment.
        data: the prefix of the buckets, to have them removed too.

    Raises:
        BadRequest: the name is another one.
        StackFailed: something would not go.
    """
    prefix = asked.parameters["BucketPrefix"]
    if data is not None and data != prefix:
        raise BadRequest(
            message=f"the data of `{asked.env}` is `{prefix}`, and you named `{data}`: nothing was removed"
        )
    stack.remove(asked.stack)
    if data is None:
        return [f"stack {asked.stack}"]
    secrets = [value for name, value in stack.outputs(asked.data_stack).items() if name.endswith("KeyArn")]
    stack.remove(asked.data_stack)
    gone = [remove_bucket(f"{prefix}-{kind}") for kind in KINDS]
    for secret in secrets:
        client_of("secretsmanager").delete_secret(SecretId=secret, RecoveryWindowInDays=7)
    return [f"stack {asked.stack}", f"stack {asked.data_stack}", *gone, "secrets, in seven days"]


def remove_bucket(name: str) -> str:
    """Remove a bucket with all versions of all its objects, a page at a time."""
    store = s3_client()
    for page in store.get_paginator("list_object_versions").paginate(Bucket=name):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        keys: list[Any] = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found]
        for first in range(0, len(keys), AT_ONCE):
            store.delete_objects(Bucket=name, Delete={"Objects": keys[first : first + AT_ONCE], "Quiet": True})
    store.delete_bucket(Bucket=name)
    return f"bucket {name}"


def main(argv: Sequence[str]) -> int:
    """Destroy, and return the exit status; what is wrong is one sentence."""
    parser = argparse.ArgumentParser(prog="make destroy", description=__doc__)
    parser.add_argument("env", metavar="ENV")
    parser.add_argument("--yes", action="store_true", help="without asking")
    parser.add_argument("--with-data", metavar="BUCKET_PREFIX", help="also remove this data, for ever")
    given = parser.parse_args(argv)
    try:
        asked = Deployment(given.env, parameters_of(given.env))
        if not given.yes and input(f"remove {asked.stack}? [y/N] ").strip().lower() not in {"y", "yes"}:
            raise SystemExit("destroy: nothing was removed.")
        for what in destroy(asked, data=given.with_data):
            print(f"destroy: {what}: gone")
    except (LakehouseError, ClientError, BotoCoreError) as error:
        print(f"destroy: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
