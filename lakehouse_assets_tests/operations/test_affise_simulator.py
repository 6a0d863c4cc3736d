"""The command `lakehouse affise-simulator`."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from lakehouse_assets_tests.operations.conftest import Cli


def test_all_switches_are_listed(cli: Cli) -> None:
    """The 58 cases come in order, then the open questions."""
    lines = cli("affise-simulator", "--list-faults").out.splitlines()
    numbers = [line.split()[0] for line in lines if line.strip()][2:]
    assert numbers == [*map(str, range(1, 59)), *"abcdefghijklm"]


@pytest.mark.parametrize("wrong", [["--fault", "nothing"], ["--days", "-1"], ["--rows-per-day", "0"], ["--key", ""]])
def test_a_wrong_option_is_bad_input(cli: Cli, wrong: list[str]) -> None:
    """It is one sentence and exit code 2."""
    result = cli("affise-simulator", *wrong)
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)


def test_it_serves_until_it_is_ended() -> None:
    """One line says where and with which key; after Ctrl-C nobody listens there any more."""
    command = [str(Path(sys.executable).with_name("lakehouse")), "affise-simulator", "--port", "0"]
    with subprocess.Popen([*command, "--fault", "limit-refused"], stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        words = started.stdout.readline().split()
        url, key = words[0], words[words.index("key") + 1].rstrip(";")
        answer = requests.get(f"{url}/3.0/offers?limit=501", headers={"API-Key": key}, timeout=30)
        started.send_signal(signal.SIGINT)
        assert started.wait(30) == 130
    assert answer.status_code == 400
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=5)


def test_a_port_that_is_taken_is_bad_input(cli: Cli) -> None:
    """The other port can be named."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = cli("affise-simulator", "--port", taken.getsockname()[1])
    assert result.code == 2
    assert "name another one with --port" in result.err
