"""Read secrets from AWS Secrets Manager, afresh at every call; see `secrets.Secrets`.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from lakehouse_assets.affise.errors import SecretMissing, SecretUnfit
from lakehouse_assets.errors import ServiceRefused
from lakehouse_assets.storage.aws import client_of
from lakehouse_assets.storage.service_errors import answering

ABSENT = ("ResourceNotFoundException", "marked for deletion", "scheduled for deletion")


@dataclass(frozen=True)
class ManagedSecrets:
    """Read secrets out of one that holds a JSON object with them, or each as one of its own.

    Attributes:
        holder: name or ARN of the secret that holds all of them; None where each is one of its own.
        prefix: begins the names of secrets of their own.
    """

    holder: str | None = None
    prefix: str = ""

    def read(self, name: str, purpose: str) -> str:
        """See `Secrets.read`.

        Raises:
            SecretMissing: there is none, or it has no value.
            SecretUnfit: it holds bytes instead of text.
            ServiceUnavailable, AccessDenied, CredentialsUnusable: Secrets Manager cannot be asked.
        """
        full = self.holder or f"{self.prefix}{name}"
        try:
            with answering("secretsmanager", f"secret `{full}`"):
                told: dict[str, Any] = client_of("secretsmanager").get_secret_value(SecretId=full)
        except ServiceRefused as error:
            if any(word in error.facts["problem"] for word in ABSENT):
                place = f"not in Secrets Manager, where `{full}` is not; put it there"
                raise SecretMissing(name=name, purpose=purpose, place=place) from error
            raise
        if "SecretString" not in told:
            raise SecretUnfit(name=name, purpose=purpose, problem="it holds bytes, and has to be text")
        value = value_of(told["SecretString"], name)
        if not value:
            place = f"not in Secrets Manager, where `{full}` has no value of it; put it there"
            raise SecretMissing(name=name, purpose=purpose, place=place)
        return value


def value_of(text: str, name: str) -> str:
    """Return the value of a secret in what Secrets Manager holds: the text, or the field of a JSON object.

    >>> value_of('{"AFFISE_API_KEY": "k", "user": "u"}', "AFFISE_API_KEY"), value_of("k", "AFFISE_API_KEY")
    ('k', 'k')
    """
    try:
        found = json.loads(text)
    except ValueError:
        return text
    return str(found.get(name) or "") if isinstance(found, dict) else text
