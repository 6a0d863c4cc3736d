"""Fixtures of the emulator of AWS: one for all tests of a session, and an empty bucket for each test that asks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lakehouse_assets_tests.emulator.asking import Aws
from lakehouse_assets_tests.emulator.patches import PATCHES
from lakehouse_assets_tests.emulator.proxy import Proxy, serving
from lakehouse_assets_tests.emulator.running import PYTHON, Emulator, running, variables_for
from lakehouse_assets_tests.emulator.trino import serving as trino_serving

BUCKET = "lake-bucket"


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    """The emulator with all patches."""
    if not PYTHON.exists():
        pytest.skip("no emulator in .emulator; `make setup` makes it")
    with running() as started:
        yield started


@pytest.fixture(scope="session")
def trino(emulator: Emulator) -> Iterator[trino_serving.Trino]:
    """The Trino behind the emulator's Athena; what it keeps is the emulator's, and a reset forgets it."""
    with trino_serving.serving(emulator.url, emulator.trino_port) as started:
        yield started


@pytest.fixture(scope="session")
def bare_emulator(emulator: Emulator) -> Iterator[Emulator]:
    """The emulator as it comes, without any patch."""
    del emulator  # whose fixture says where there is none
    with running(*PATCHES) as started:
        yield started


@pytest.fixture
def aws(emulator: Emulator) -> Aws:
    """The patched emulator with nothing in it but a role and a bucket."""
    asked = Aws(emulator)
    asked.begin()
    return asked


@pytest.fixture(params=["as it comes", "patched"])
def either(request: pytest.FixtureRequest) -> Aws:
    """The emulator without patches and then with them, to show a gap and that it is closed."""
    is_patched = request.param == "patched"
    asked = Aws(request.getfixturevalue("emulator" if is_patched else "bare_emulator"), is_patched)
    asked.begin()
    return asked


@pytest.fixture
def s3(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URI of an empty bucket, which the standard variables lead to."""
    return empty_bucket(emulator, emulator.url, monkeypatch)


@pytest.fixture
def s3_proxy(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """A proxy before the emulator, which the standard variables lead to; `uri` is that of an empty bucket behind it."""
    with serving(emulator.url) as proxy:
        proxy.uri = empty_bucket(emulator, proxy.url, monkeypatch)
        yield proxy


def empty_bucket(emulator: Emulator, url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Point this process at a URL that leads to the emulator, and make one bucket there."""
    from lakehouse_assets.storage.aws import client
    from lakehouse_assets_tests.emulator.running import REGION

    for name, value in variables_for(url).items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE"):
        monkeypatch.delenv(name, raising=False)
    emulator.reset()
    client().create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    return f"s3://{BUCKET}"
