"""Ask the Glue catalog which tables it knows, of any format, for whoever declares them; nothing is opened."""

from __future__ import annotations

from collections.abc import Iterable

from lakehouse_assets.storage.aws import glue
from lakehouse_assets.storage.service_errors import answering


def names_in_glue(databases: Iterable[str]) -> set[str]:
    """Return the names `database.table` of all tables in these databases; one that there is not has none.

    Raises:
        LakehouseError: the catalog cannot be asked.
    """
    client, found = glue(), set[str]()
    for database in databases:
        pages = client.get_paginator("get_tables").paginate(DatabaseName=database)
        with answering("glue", f"database `{database}`"):
            try:
                found |= {f"{database}.{table['Name']}" for page in pages for table in page["TableList"]}
            except client.exceptions.EntityNotFoundException:
                continue
    return found
