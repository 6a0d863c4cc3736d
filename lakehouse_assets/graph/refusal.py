"""The error by which the UI learns that a run was refused; see `coordinator`."""

from __future__ import annotations

from dagster_graphql.implementation.utils import UserFacingGraphQLError
from dagster_graphql.schema.errors import GraphenePythonError
from dagster_shared.error import SerializableErrorInfo

from lakehouse_assets.errors import BadRequest


class RequestRefusedError(UserFacingGraphQLError):
    """A run was refused; the UI shows the sentence and no stack of calls, which would say nothing to people."""

    def __init__(self, sentence: str) -> None:
        shown = SerializableErrorInfo(sentence, [], BadRequest.__name__)
        super().__init__(GraphenePythonError(shown))  # type: ignore[no-untyped-call] # Dagster's class has no types
        self.args = (sentence,)
