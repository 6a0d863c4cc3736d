"""Have CloudFormation make what it is told: things that MiniStack's provisioners drop or answer otherwise.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-secretsmanager-secret.html
"""

# ruff: noqa: SLF001 - a patch replaces what is private
from __future__ import annotations

from typing import Any


def templates() -> None:
    """Refuse to delete a bucket that holds objects, which AWS does and on which our data rests."""
    from ministack.services.cloudformation import provisioners

    table = table_of(provisioners, "AWS::S3::Bucket")
    delete = provisioners._s3_delete

    def deleted(name: str, properties: dict[str, Any]) -> Any:
        held = provisioners._s3._buckets.get(name)
        if held and held["objects"]:
            raise ValueError("The bucket you tried to delete is not empty (Service: S3, Status Code: 409)")
        return delete(name, properties)

    table["AWS::S3::Bucket"]["delete"] = provisioners._s3_delete = deleted


def table_of(provisioners: Any, kind: str) -> dict[str, Any]:
    """Return the table that says what makes, changes and deletes each kind of resource."""
    return next(held for held in vars(provisioners).values() if isinstance(held, dict) and kind in held)
