"""Have CloudFormation make what it is told: things that MiniStack's provisioners drop or answer otherwise.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-secretsmanager-secret.html
"""

# ruff: noqa: SLF001 - a patch replaces what is private
from __future__ import annotations

from typing import Any


def templates() -> None:
    """Replace what makes and deletes some kinds of resources."""
    from ministack.services.cloudformation import provisioners

    buckets(provisioners)
    secrets(provisioners)
    subscriptions(provisioners)


def secrets(provisioners: Any) -> None:
    """Have a secret be referred to by its ARN; MiniStack gives its name."""
    table = provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"]
    create, update, delete = table["create"], table["update"], table["delete"]

    def named(arn: str) -> str:
        """Return the name in an ARN, which ends with a dash and six signs."""
        return arn.rpartition(":secret:")[2][:-7] if ":secret:" in arn else arn

    def arn_of(made: tuple[str, dict[str, Any]]) -> tuple[str, dict[str, Any]]:
        name, attributes = made
        return provisioners._sm._secrets[name]["ARN"], attributes

    table["create"] = lambda logical, properties, stack: arn_of(create(logical, properties, stack))
    table["update"] = lambda arn, *given, **more: arn_of(update(named(arn), *given, **more))
    table["delete"] = lambda arn, properties: delete(named(arn), properties)


def subscriptions(provisioners: Any) -> None:
    """Have a subscription of an address or a web page wait for its owner, as one has that no template made.

    https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html
    """
    create = provisioners._RESOURCE_HANDLERS["AWS::SNS::Subscription"]["create"]

    def created(logical: str, properties: dict[str, Any], stack: str) -> Any:
        arn, told = create(logical, properties, stack)
        made = provisioners._sns._find_subscription(properties.get("TopicArn", ""), arn)
        if made and properties.get("Protocol") in {"email", "email-json", "http", "https"}:
            made["confirmed"] = False
            made["attributes"]["PendingConfirmation"] = "true"
        return arn, told

    provisioners._RESOURCE_HANDLERS["AWS::SNS::Subscription"]["create"] = created


def buckets(provisioners: Any) -> None:
    """Refuse to delete a bucket that holds objects, as AWS does; our data rests on that."""
    delete = provisioners._s3_delete

    def deleted(name: str, properties: dict[str, Any]) -> Any:
        held = provisioners._s3._buckets.get(name)
        if held and held["objects"]:
            raise ValueError("The bucket you tried to delete is not empty (Service: S3, Status Code: 409)")
        return delete(name, properties)

    provisioners._RESOURCE_HANDLERS["AWS::S3::Bucket"]["delete"] = provisioners._s3_delete = deleted
