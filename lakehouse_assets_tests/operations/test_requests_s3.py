"""How many requests a run on S3 asks of it: each takes time on a network, and most of them cost money."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import boto3
import pytest

from lakehouse_assets_tests.emulator.fixtures import BUCKET
from lakehouse_assets_tests.emulator.proxy import Proxy
from lakehouse_assets_tests.operations.conftest import FIRST, Cli

SECOND = {
    key.replace("2025-04-01", "2025-04-02"): text.replace("2025-04-01", "2025-04-02") for key, text in FIRST.items()
}


@pytest.mark.aws
def test_requests_of_a_run_are_bounded(
    s3_proxy: Proxy, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run with nothing to do takes a fifth of one with the files of a day."""
    monkeypatch.setenv("LAKEHOUSE_HISTORY", str(tmp_path / "history"))
    run = ("run", "ecommerce", "--landing", f"{s3_proxy.uri}/landing", "--lake", f"{s3_proxy.uri}/lake", "--json")
    asked: list[Counter[str]] = []
    for files in (FIRST, {}, SECOND):
        for key, text in files.items():
            boto3.client("s3").put_object(Bucket=BUCKET, Key=f"landing/{key}", Body=text.encode())
        s3_proxy.requests.clear()
        result = cli(*run)
        assert (result.code, json.loads(result.out)["status"]) == (0, "succeeded" if files else "nothing_to_do")
        asked.append(Counter(s3_proxy.requests))
    first, nothing, day = (one.total() for one in asked)
    assert nothing < 230, asked
    assert first < 900, asked
    assert day < 1_050, asked
