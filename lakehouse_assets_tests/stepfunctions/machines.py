"""The emitted machines, as they are committed."""

from __future__ import annotations

import json
from typing import Any

from stepfunctions.emit import EMITTED

MACHINES: dict[str, dict[str, Any]] = {
    path.name.partition(".")[0]: json.loads(path.read_text("utf-8")) for path in sorted(EMITTED.glob("*.asl.json"))
}
