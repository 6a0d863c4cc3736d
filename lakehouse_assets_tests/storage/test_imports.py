"""A lake in a folder needs nothing of AWS, so nothing of it is imported: boto3 takes half a second."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CODE = """
import sys
from lakehouse_assets.settings import read_settings
from lakehouse_assets.storage.lake import lake_of
lake = lake_of(read_settings(lake=sys.argv[1]))
lake.exists, lake.require_here()
print(sorted({"boto3", "botocore"} & set(sys.modules)))
"""


def test_a_folder_imports_nothing_of_aws(tmp_path: Path) -> None:
    """Neither its settings nor its store and catalog."""
    command = [sys.executable, "-c", CODE, str(tmp_path / "lake")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"
