"""On AWS the keys of the Affise client are in Secrets Manager."""

from __future__ import annotations

import pytest

from lakehouse_assets.affise.errors import SecretMissing, SecretUnfit
from lakehouse_assets.affise.opening import present_secrets
from lakehouse_assets.affise.secrets import LocalSecrets, api_key
from lakehouse_assets.affise.secrets_manager import ManagedSecrets
from lakehouse_assets.errors import ServiceUnavailable
from lakehouse_assets.storage.aws import client_of
from lakehouse_assets_tests.emulator.proxy import Proxy

KEY = "AFFISE_API_KEY"


def test_a_secret_is_read_anew_at_every_call(s3: str) -> None:
    """A key that was rotated is found, in one secret of all keys, and in one of its own."""
    del s3
    made = client_of("secretsmanager")
    made.create_secret(Name="lakehouse/affise", SecretString='{"AFFISE_API_KEY": "first"}')
    secrets = ManagedSecrets("lakehouse/affise")
    assert api_key(secrets, KEY) == "first"
    made.put_secret_value(SecretId="lakehouse/affise", SecretString='{"AFFISE_API_KEY": "second"}')
    assert api_key(secrets, KEY) == "second"
    made.create_secret(Name=KEY, SecretString="of its own")
    assert api_key(ManagedSecrets(), KEY) == "of its own"


def test_a_secret_that_is_absent_or_unfit_is_named_and_not_shown(s3: str) -> None:
    """The sentence says which one, what it is for and where it belongs."""
    del s3
    named = rf"`{KEY}` \(key of the Affise API\) is not in Secrets Manager, where `x` "
    with pytest.raises(SecretMissing, match=f"{named}is not; put it there"):
        api_key(ManagedSecrets("x"), KEY)
    client_of("secretsmanager").create_secret(Name="x", SecretString='{"AFFISE_API_KEY": ""}')
    with pytest.raises(SecretMissing, match=f"{named}has no value of it"):
        api_key(ManagedSecrets("x"), KEY)
    client_of("secretsmanager").create_secret(Name=KEY, SecretBinary=b"bytes")
    with pytest.raises(SecretUnfit, match="holds bytes"):
        api_key(ManagedSecrets(), KEY)


def test_secrets_manager_may_be_slow_to_answer(s3_proxy: Proxy) -> None:
    """Resets and a 503 are tried again; what goes on for ever is no missing secret."""
    client_of("secretsmanager").create_secret(Name=KEY, SecretString="k")
    s3_proxy.fail("reset", "POST", "^/$")
    s3_proxy.fail("slow down", "POST", "^/$")
    assert ManagedSecrets().read(KEY, "x") == "k"
    s3_proxy.fail("slow down", "POST", "^/$", 99)
    with pytest.raises(ServiceUnavailable, match=f"secret `{KEY}` does not answer"):
        ManagedSecrets().read(KEY, "x")


def test_the_target_says_where_secrets_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here it is the environment, on AWS Secrets Manager the secret of the settings."""
    assert isinstance(present_secrets(), LocalSecrets)
    monkeypatch.setenv("LAKEHOUSE_TARGET", "aws")
    monkeypatch.setenv("LAKEHOUSE_AWS__SECRET", "lakehouse/staging/affise")
    assert present_secrets() == ManagedSecrets("lakehouse/staging/affise")
    monkeypatch.delenv("LAKEHOUSE_AWS__SECRET")
    monkeypatch.setenv("LAKEHOUSE_AWS__SECRET_PREFIX", "lakehouse/")
    assert present_secrets() == ManagedSecrets(prefix="lakehouse/")
