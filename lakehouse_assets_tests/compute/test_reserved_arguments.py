"""A task's arguments have names that Glue leaves to the job."""

from __future__ import annotations

import pytest

from lakehouse_assets.compute.tasks import GlueTask
from lakehouse_assets.errors import ContractInvalid


@pytest.mark.parametrize("name", ["--mode", "--debug", "--endpoint", "--JOB_NAME", "--TempDir", "--conf"])
def test_a_name_that_glue_reads_itself_is_refused_where_the_task_is_declared(name: str) -> None:
    """The sentence names the job and the argument."""
    with pytest.raises(ContractInvalid, match=f"argument `{name}` of job `Lakehouse` is one of Glue's own"):
        GlueTask("Lakehouse", {"--run-id": "{run_id}", name: "x"})


def test_the_products_own_arguments_are_none_of_them() -> None:
    """Any other name is taken as it is."""
    assert GlueTask("Lakehouse", {"--run-mode": "{mode}"}).arguments == {"--run-mode": "{mode}"}
