"""The emulator refuses a machine that does not hold together."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lakehouse_assets_tests.emulator.asking import ROLE, Aws
from lakehouse_assets_tests.emulator.patches.definitions import findings

DONE: dict[str, Any] = {"Type": "Succeed"}
BROKEN = {
    "a Next that is nowhere": {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}},
    "a start that is nowhere": {"StartAt": "B", "States": {"A": DONE}},
    "a state that nothing leads to": {"StartAt": "A", "States": {"A": DONE, "B": DONE}},
    "neither Next nor End": {"StartAt": "A", "States": {"A": {"Type": "Pass"}}},
    "an unknown type": {"StartAt": "A", "States": {"A": {"Type": "Pas", "End": True}}},
    "a task without resource": {"StartAt": "A", "States": {"A": {"Type": "Task", "End": True}}},
    "no states": {"StartAt": "A", "States": {}},
    "a branch that does not hold together": {
        "StartAt": "A",
        "States": {"A": {"Type": "Parallel", "End": True, "Branches": [{"StartAt": "B", "States": {}}]}},
    },
    "States.ALL before another": {
        "StartAt": "A",
        "States": {
            "A": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "End": True,
                "Retry": [{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["X"]}],
            }
        },
    },
}


@pytest.mark.parametrize("name", BROKEN)
def test_each_fault_is_found(name: str) -> None:
    """One finding for one fault."""
    assert len(findings(json.dumps(BROKEN[name]))) >= 1


def test_a_broken_machine_is_refused(either: Aws) -> None:
    """Canary: AWS answers InvalidDefinition; the emulator takes it."""
    asked = {"name": "m", "roleArn": ROLE, "definition": json.dumps(BROKEN["a Next that is nowhere"])}
    create = either.client("stepfunctions").create_state_machine
    if either.is_patched:
        with pytest.raises(ClientError, match="MISSING_TRANSITION_TARGET"):
            create(**asked)
    else:
        create(**asked)


def test_a_sound_machine_is_validated(aws: Aws) -> None:
    """And a text that is no JSON is not."""
    validate = aws.client("stepfunctions").validate_state_machine_definition
    assert validate(definition=json.dumps({"StartAt": "A", "States": {"A": DONE}}))["result"] == "OK"
    assert validate(definition="no json")["result"] == "FAIL"


def test_a_template_with_a_broken_machine_is_rolled_back(either: Aws) -> None:
    """CloudFormation asks the same; the emulator goes round it."""
    machine = {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"RoleArn": ROLE}}
    machine["Properties"]["DefinitionString"] = json.dumps(BROKEN["no states"])  # type: ignore[index]
    cloud = either.client("cloudformation")
    cloud.create_stack(StackName="s", TemplateBody=json.dumps({"Resources": {"M": machine}}))
    stack = cloud.describe_stacks(StackName="s")["Stacks"][0]
    assert stack["StackStatus"] == ("ROLLBACK_COMPLETE" if either.is_patched else "CREATE_COMPLETE")
