"""Print version and columns of a Delta table as JSON, types as Hive spells them: what a crawler finds.

The project's Python runs this, which has delta-rs: `delta_columns.py URI ENDPOINT REGION`.
"""

from __future__ import annotations

import json
import sys
from typing import Any

RENAMED = {
    "long": "bigint",
    "integer": "int",
    "short": "smallint",
    "byte": "tinyint",
    "timestamp_ntz": "timestamp",
}


def hive(kind: Any) -> str:
    """Return a Delta type as Hive spells it.

    >>> hive({"type": "array", "elementType": "long"}), hive("decimal(9,2)")
    ('array<bigint>', 'decimal(9,2)')
    """
    if isinstance(kind, str):
        return RENAMED.get(kind, kind)
    if kind["type"] == "array":
        return f"array<{hive(kind['elementType'])}>"
    if kind["type"] == "map":
        return f"map<{hive(kind['keyType'])},{hive(kind['valueType'])}>"
    return "struct<" + ",".join(f"{field['name']}:{hive(field['type'])}" for field in kind["fields"]) + ">"


def main(place: str, endpoint: str, region: str) -> None:
    """Read the table and print it, or end with what delta-rs says."""
    from deltalake import DeltaTable

    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_ALLOW_HTTP": "true"}
    try:
        table = DeltaTable(place, storage_options={**keys, "AWS_ENDPOINT_URL": endpoint, "AWS_REGION": region})
    except Exception as error:  # noqa: BLE001 - whatever it says
        raise SystemExit(str(error).replace("\n", " ")) from None
    fields = json.loads(table.schema().to_json())["fields"]
    columns = [{"Name": field["name"].lower(), "Type": hive(field["type"])} for field in fields]
    sys.stdout.write(json.dumps({"version": table.version(), "columns": columns}))


if __name__ == "__main__":
    main(*sys.argv[1:])
