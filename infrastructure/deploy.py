"""Deploy an environment: build, upload, show what would change, and change it; `make deploy ENV=prod`.

    python -m infrastructure.deploy ENV [--plan | --yes] [--image URI] [--zips] [--role ARN] [--set NAME=VALUE]...

Two stacks: `lakehouse-<env>-data` holds what outlives every deployment, `lakehouse-<env>` all that runs. Nothing is
changed before a person has seen the list of changes, or `--yes` says that nobody needs to.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from botocore.exceptions import BotoCoreError, ClientError

from infrastructure import stack
from infrastructure.build import BUILD, Artifacts, Wanted, build_all
from infrastructure.compose import TEMPLATES, difference, stale
from infrastructure.functions import ROOT
from infrastructure.images import push
from infrastructure.yaml_text import Json, read
from lakehouse_assets.contracts.yaml_reader import read_yaml
from lakehouse_assets.errors import BadRequest, LakehouseError
from lakehouse_assets.storage.aws import client as s3_client
from lakehouse_assets.storage.locks import locked

ENVIRONMENTS = ROOT / "infrastructure" / "environments"
BODY_LIMIT = 51_200
"""Up to how many bytes a template may be sent itself, and not from a bucket."""
CHOICES = ("Catalog", "Engine")
"""Names what an environment chooses beside parameters of templates: how its machines are emitted."""
ENV = re.compile(r"[a-z][a-z0-9-]{0,15}")


@dataclass(frozen=True)
class Deployment:
    """Say what is deployed where.

    Attributes:
        env: name of the environment.
        parameters: of the templates, as the environment's file and the command say.
        wanted: what is built.
        image: the image with its digest; None to build one where functions are to be images.
        is_agreed: whether changes are applied without asking.
        is_plan: whether changes are only shown.
        role: ARN of the role that CloudFormation works with; None for whoever deploys.
    """

    env: str
    parameters: Mapping[str, str]
    wanted: Wanted = field(default_factory=Wanted)
    image: str | None = None
    is_agreed: bool = False
    is_plan: bool = False
    role: str | None = None

    @property
    def data_stack(self) -> str:
        """Return the name of the stack that is kept."""
        return f"lakehouse-{self.env}-data"

    @property
    def stack(self) -> str:
        """Return the name of the stack of all that runs."""
        return f"lakehouse-{self.env}"

    @property
    def tags(self) -> dict[str, str]:
        """Return what every resource is tagged with, so that its cost can be told."""
        return {"lakehouse": self.env}


def deploy(asked: Deployment) -> dict[str, str]:
    """Deploy both stacks and return the outputs of both.

    Raises:
        LakehouseError: it cannot be deployed; what was there before is as it was.
        SystemExit: something cannot be built, or the person said no.
    """
    if old := stale():
        told = "run `make emit`, look at the change, and commit it"
        raise BadRequest(message=f"the templates are not current ({difference(old[0])}): {told}")
    BUILD.mkdir(exist_ok=True)
    with locked(BUILD):  # what one deployment uploads, another one from the same folder would build anew meanwhile
        return _deployed(asked)


def _deployed(asked: Deployment) -> dict[str, str]:
    artifacts = build_all(asked.wanted)
    bring(asked, asked.data_stack, TEMPLATES / "data.yaml", {})
    if stack.status_of(asked.data_stack) in {None, "REVIEW_IN_PROGRESS"}:
        print(f"deploy: {asked.stack}: planned once {asked.data_stack} is there")
        return {}
    found = stack.outputs(asked.data_stack)
    if not asked.is_plan:
        upload(found["CodeBucket"], artifacts)
    given = artifacts.parameters | modules(found["CodeBucket"], artifacts)
    given |= {name: value for name, value in found.items() if name != "Repository"}
    given |= image_of(asked, found["Repository"])
    bring(asked, asked.stack, TEMPLATES / "lakehouse.yaml", given, found["CodeBucket"])
    return found | ({} if asked.is_plan else stack.outputs(asked.stack))


def image_of(asked: Deployment, repository: str) -> dict[str, str]:
    """Return the parameter with the image; a plan leaves the one that runs, since it builds none.

    Raises:
        BadRequest: it has to be built, and cannot be.
    """
    if asked.wanted.engine_zip:
        return {}
    if asked.image or not asked.is_plan:
        return {"ImageUri": asked.image or push(repository)}
    before = stack.parameters_of(asked.stack)
    return {"ImageUri": before.get("ImageUri", "")}


def bring(asked: Deployment, name: str, template: Path, given: Mapping[str, str], bucket: str | None = None) -> None:
    """Bring one stack to its template, after its changes were shown.

    Raises:
        StackFailed: see `stack.py`.
        SystemExit: the person said no.
    """
    if asked.is_plan and stack.status_of(name) is None:
        print(f"deploy: {name}: would be made, with {len(read(template)['Resources'])} resources")
        return
    known = read(template)["Parameters"]
    wanted = {"EnvironmentName": asked.env, **asked.parameters, **given}
    parameters = {key: value for key, value in wanted.items() if key in known}
    require_given(known, parameters, asked.env)
    place = "proposed" if asked.is_plan else "templates"
    source = stack.Source(_template(template, bucket, place), parameters, asked.role)
    change_set, changes = stack.propose(name, source, asked.tags)
    print(f"deploy: {name}: {len(changes)} changes")
    for change in changes:
        print(f"  {change}")
    if not changes or asked.is_plan:
        stack.discard(name, change_set)
        return
    if not asked.is_agreed and input("apply? [y/N] ").strip().lower() not in {"y", "yes"}:
        stack.discard(name, change_set)
        raise SystemExit("deploy: nothing was changed.")
    stack.apply(name, change_set)
    print(f"deploy: {name}: done")


def upload(bucket: str, artifacts: Artifacts) -> None:
    """Put what is not there yet; a key names its content, so what is there is the same."""
    store = s3_client()
    pages = store.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    there = {item["Key"] for page in pages for item in page.get("Contents", [])}
    for key, path in artifacts.files.items():
        if key not in there:
            print(f"deploy: {key}, {path.stat().st_size / 10**6:.1f} MB")
            store.upload_file(str(path), bucket, key)


def modules(bucket: str, artifacts: Artifacts) -> dict[str, str]:
    """Return the parameter with the wheels for Glue."""
    keys = sorted(key for key in artifacts.files if key.startswith("wheels/"))
    return {"GlueModules": ",".join(f"s3://{bucket}/{key}" for key in keys)} if keys else {}


def require_given(known: Json, parameters: Mapping[str, str], env: str) -> None:
    """Refuse a template whose parameters are not all known.

    Raises:
        BadRequest: names the first one that is missing.
    """
    missing = sorted(name for name, one in known.items() if "Default" not in one and name not in parameters)
    if missing:
        raise BadRequest(message=f"parameter `{missing[0]}` is not set: put it into environments/{env}.yaml")


def parameters_of(env: str, folder: Path = ENVIRONMENTS) -> dict[str, str]:
    """Return the parameters of an environment's file.

    Raises:
        BadRequest: there is no such file, it is no mapping, or it names what no template has.
    """
    path = folder / f"{env}.yaml"
    if not ENV.fullmatch(env) or not path.is_file():
        raise BadRequest(message=f"there is no environment `{env}`: copy environments/example.yaml to {env}.yaml")
    try:
        found, repeated = read_yaml(path.read_text("utf-8"))
    except yaml.YAMLError as error:
        raise BadRequest(message=f"environments/{env}.yaml is no YAML: {error}") from error
    if repeated:
        raise BadRequest(message=f"environments/{env}.yaml {repeated[0].problem}")
    found = {} if found is None else found
    if not isinstance(found, dict):
        raise BadRequest(message=f"environments/{env}.yaml holds no names with values")
    return require_known({str(name): str(value) for name, value in found.items()})


def require_known(parameters: dict[str, str]) -> dict[str, str]:
    """Return parameters that templates have.

    Raises:
        BadRequest: one is of no template, such as one with a typo.
    """
    known = {name for template in ("data.yaml", "lakehouse.yaml") for name in read(TEMPLATES / template)["Parameters"]}
    strange = sorted(parameters.keys() - known - set(CHOICES))
    if strange:
        raise BadRequest(message=f"no template has a parameter `{strange[0]}`")
    return parameters


def _template(path: Path, bucket: str | None, place: str) -> dict[str, str]:
    """Return a template as CloudFormation takes it: itself, or uploaded where it is too large."""
    body = path.read_bytes()
    if len(body) <= BODY_LIMIT or bucket is None:
        return {"TemplateBody": body.decode()}
    store, key = s3_client(), f"{place}/{hashlib.sha256(body).hexdigest()[:16]}-{path.name}"
    store.put_object(Bucket=bucket, Key=key, Body=body)
    endpoint = store.meta.endpoint_url
    is_aws = ".amazonaws." in endpoint
    address = endpoint.replace("://", f"://{bucket}.", 1) if is_aws else f"{endpoint}/{bucket}"
    return {"TemplateURL": f"{address}/{key}"}


def arguments(argv: Sequence[str]) -> Deployment:
    """Return what the command asks for.

    Raises:
        BadRequest: it is no environment, or a parameter that there is not.
    """
    parser = argparse.ArgumentParser(prog="make deploy", description=__doc__)
    parser.add_argument("env", metavar="ENV")
    parser.add_argument("--yes", action="store_true", help="apply without asking")
    parser.add_argument("--plan", action="store_true", help="show what would change, and change nothing")
    parser.add_argument("--role", help="ARN of the role that CloudFormation works with")
    parser.add_argument("--image", help="an image that was pushed, with its digest; else one is built with Docker")
    parser.add_argument("--zips", action="store_true", help="everything as zips, for an emulator of AWS")
    parser.add_argument("--python", default=Wanted.python, help="version of Python, for an emulator")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a parameter")
    asked = parser.parse_args(argv)
    pairs = [pair.partition("=") for pair in asked.set]
    parameters = parameters_of(asked.env) | require_known({name: value for name, _, value in pairs})
    chosen = {name.lower(): parameters.pop(name) for name in CHOICES if name in parameters}
    wanted = Wanted(asked.python, engine_zip=asked.zips, wheels=not asked.zips, **chosen)
    return Deployment(asked.env, parameters, wanted, asked.image, asked.yes, asked.plan, asked.role)


def main(argv: Sequence[str]) -> int:
    """Deploy, and return the exit status; what is wrong is one sentence."""
    try:
        for name, value in sorted(deploy(arguments(argv)).items()):
            print(f"{name:<20} {value}")
    except (LakehouseError, ClientError, BotoCoreError) as error:
        print(f"deploy: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
