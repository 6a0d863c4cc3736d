"""Lambda `AcknowledgeModel` tells the run ledger that a gold table has caught up with runs."""

from __future__ import annotations

from typing import Any

from lambdas.acknowledgemodel.logic import Acknowledgement, acknowledge_model


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes it
    """Write the acknowledgements; the event holds the fields of `Acknowledgement`."""
    return acknowledge_model(Acknowledgement.from_event(event))
