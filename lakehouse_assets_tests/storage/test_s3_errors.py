"""What S3 refuses is one sentence that names bucket, object, right or variable, and never a secret."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from lakehouse_assets.errors import (
    AccessDenied,
    BucketMissing,
    CredentialsUnusable,
    LakehouseError,
    RegionUnknown,
    RegionWrong,
    SettingsInvalid,
    StorageRefused,
    StorageUnavailable,
    Terminal,
    Transient,
)
from lakehouse_assets.storage.aws import access, client, session
from lakehouse_assets.storage.s3 import S3Store
from lakehouse_assets.storage.s3_errors import client_error
from lakehouse_assets_tests.emulator.fixtures import BUCKET, empty_bucket
from lakehouse_assets_tests.emulator.running import Emulator, running

READ_ONLY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:ListBucket"],
            "Resource": [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"],
        }
    ],
}
SECRET = "very-hidden-and-nobody-elses"  # noqa: S105 - it opens nothing


@pytest.fixture
def store(s3: str) -> S3Store:
    """A store with one object."""
    made = S3Store(f"{s3}/lake")
    made.put("a", b"hello")
    return made


@pytest.fixture(scope="module")
def guarded(emulator: Emulator) -> Iterator[Emulator]:
    """An emulator that asks who somebody is and what they may do."""
    del emulator  # whose fixture says where there is none
    with running(AUTH="true") as started:
        yield started


@pytest.fixture
def reader(guarded: Emulator, monkeypatch: pytest.MonkeyPatch) -> S3Store:
    """A store with one object, for this process as a user who may only read."""
    made = S3Store(f"{empty_bucket(guarded, guarded.url, monkeypatch)}/lake")
    made.put("a", b"hello")
    iam = session().client("iam")
    iam.create_user(UserName="reader")
    iam.put_user_policy(UserName="reader", PolicyName="read", PolicyDocument=json.dumps(READ_ONLY))
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    return made


def test_a_missing_right_is_named(reader: S3Store) -> None:
    """With the object; what is allowed works."""
    assert (reader.read("a"), reader.exists, len(reader.list())) == (b"hello", True, 1)
    etag = reader.stat("a").etag  # type: ignore[union-attr]
    for right, act in (
        (r"lake/b` \(PutObject needs s3:PutObject\)", lambda: reader.put("b", b"x", if_absent=True)),
        (r"lake/a` \(DeleteObject needs s3:DeleteObject\)", lambda: reader.delete("a", if_match=etag)),
        (
            r"lake/c` \(CopyObject needs .*s3:PutObject",
            lambda: reader.copy_from(reader, "a", source_etag=etag, key="c"),
        ),
        (r"other-bucket/x` \(ListObjectsV2 needs s3:ListBucket\)", S3Store("s3://other-bucket/x").list),
    ):
        with pytest.raises(AccessDenied, match=f"this user may not use `s3://.*{right}"):
            act()


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"AWS_ACCESS_KEY_ID": "AKIANOBODYNOBODY0000"}, "the access key id is not known"),
        ({"AWS_SECRET_ACCESS_KEY": SECRET}, "the secret key does not belong to the access key id"),
    ],
)
def test_wrong_keys_are_told_and_not_shown(
    reader: S3Store, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], words: str
) -> None:
    """By whichever request finds out, also one whose answer has no body."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    for act in (reader.list, lambda: reader.exists, lambda: reader.stat("a"), lambda: reader.put("a", b"x")):
        with pytest.raises(CredentialsUnusable, match=words) as told:
            act()
        assert not any(value in f"{told.value!r}{told.value.facts}" for value in variables.values())


def test_a_missing_bucket_is_named(store: S3Store) -> None:
    """It exists not, and whoever uses it hears so."""
    nowhere = S3Store("s3://no-bucket/lake")
    assert (store.exists, nowhere.exists) == (True, False)
    for act in (nowhere.list, lambda: nowhere.read("a"), lambda: nowhere.put("a", b"x")):
        with pytest.raises(BucketMissing, match="there is no bucket `no-bucket`, which `s3://no-bucket/lake` names"):
            act()


@pytest.mark.parametrize(
    ("variables", "kind", "words"),
    [
        ({"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}, CredentialsUnusable, "Unable to locate cred"),
        ({"AWS_SECRET_ACCESS_KEY": None}, CredentialsUnusable, "missing: AWS_SECRET_ACCESS_KEY"),
        ({"AWS_PROFILE": "nobody"}, CredentialsUnusable, r"profile \(nobody\) could not be found"),
        ({"AWS_REGION": None, "AWS_DEFAULT_REGION": None}, RegionUnknown, "no AWS region is set; set AWS_REGION"),
        ({"AWS_REGION": "us-east-2"}, RegionWrong, "`lake-bucket` lies in eu-west-1, which is not the AWS region"),
        ({"AWS_REGION": "no where"}, SettingsInvalid, "region_name 'no where'"),
        ({"AWS_ENDPOINT_URL": "nonsense"}, SettingsInvalid, "AWS_ENDPOINT_URL cannot be used: Invalid endpoint"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, StorageUnavailable, "`s3://lake-bucket/lake` does not answer: Co"),
    ],
)
def test_what_is_wrong_with_the_variables_is_named(
    store: S3Store,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str | None],
    kind: type[LakehouseError],
    words: str,
) -> None:
    """Nothing is asked of S3 that could not be answered; no secret is in the text."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    for name, value in variables.items():
        if value is None:
            monkeypatch.delenv(name)
        else:
            monkeypatch.setenv(name, value)
    with pytest.raises(kind, match=words) as told:
        _ = store.exists
    assert SECRET not in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("code", "status", "kind", "is_final"),
    [
        ("ExpiredToken", 400, CredentialsUnusable, True),
        ("RequestTimeTooSkewed", 403, CredentialsUnusable, True),
        ("PermanentRedirect", 301, RegionWrong, True),
        ("SlowDown", 503, StorageUnavailable, False),
        ("BadGateway", 502, StorageUnavailable, False),
        ("RequestTimeout", 400, StorageUnavailable, False),
        ("InvalidObjectState", 403, StorageRefused, True),
    ],
)
def test_the_code_says_whether_to_try_again(code: str, status: int, kind: type, is_final: bool) -> None:  # noqa: FBT001
    """What somebody has to change is final; what passes is not."""
    answer = {"Error": {"Code": code, "Message": "m"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    told = client_error("s3://bucket/lake", "s3://bucket/lake/a", ClientError(answer, "GetObject"))  # type: ignore[arg-type]
    assert isinstance(told, kind)
    assert isinstance(told, Terminal if is_final else Transient)


def test_profiles_and_temporary_credentials_are_everybodys(
    s3: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Of a profile come region, endpoint, key and token, for boto3 and delta-rs alike; what is shown hides them."""
    told = client().meta.endpoint_url
    for name in ("ENDPOINT_URL", "REGION", "DEFAULT_REGION", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
        monkeypatch.delenv(f"AWS_{name}")
    config, keys = tmp_path / "config", tmp_path / "credentials"
    config.write_text(f"[profile team]\nregion = eu-west-1\nendpoint_url = {told}\n")
    secrets = f"aws_access_key_id = test\naws_secret_access_key = {SECRET}\naws_session_token = {SECRET}-token"
    keys.write_text(f"[team]\n{secrets}\n")
    for name, value in (("CONFIG_FILE", config), ("SHARED_CREDENTIALS_FILE", keys), ("PROFILE", "team")):
        monkeypatch.setenv(f"AWS_{name}", str(value))
    options = access().delta_options()
    assert options == {
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_SESSION_TOKEN": f"{SECRET}-token",
        "AWS_ENDPOINT_URL": told,
        "AWS_ALLOW_HTTP": "true",
    }
    assert (S3Store(s3).exists, SECRET in repr(access())) == (True, False)


def test_without_an_endpoint_aws_itself_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then delta-rs is told none, and TLS is not left out."""
    for name, value in {"REGION": "eu-west-1", "ACCESS_KEY_ID": "k", "SECRET_ACCESS_KEY": "s"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    assert access().endpoint is None
    assert client().meta.endpoint_url == "https://s3.eu-west-1.amazonaws.com"
    assert set(access().delta_options()) == {"AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
