"""Build the image of the functions that no zip can hold, and push it; this needs Docker.

Where there is none, the workflow builds it, and `make deploy` takes its digest (`--image`).
"""

from __future__ import annotations

import base64
import shutil
import subprocess

from infrastructure.build import BUILD, image_context
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.storage.aws import client_config, session

NO_DOCKER = "there is no Docker here to build the image with: name one that was pushed, `--image <repository>@sha256:…`"


def push(repository: str) -> str:
    """Build the image, push it under the digest of its tree, and return it with the digest of the image.

    Raises:
        BadRequest: there is no Docker, or a command of it fails.
    """
    if shutil.which("docker") is None:
        raise BadRequest(message=NO_DOCKER)
    tree = image_context()
    tag = f"{repository}:{tree.digest[:16]}"
    if (there := digest_of(repository, tag)) is not None:
        return there
    log_in(repository)
    docker("build", "--platform", "linux/amd64", "--provenance=false", "--tag", tag, str(BUILD / "image"))
    docker("push", tag)
    pushed = digest_of(repository, tag)
    if pushed is None:
        raise BadRequest(message=f"`{tag}` was pushed, and is not in its repository")
    return pushed


def digest_of(repository: str, tag: str) -> str | None:
    """Return a pushed image with its digest; None where it was not pushed."""
    registry = session().client("ecr", config=client_config())
    name, label = repository.partition("/")[2], tag.rpartition(":")[2]
    try:
        found = registry.describe_images(repositoryName=name, imageIds=[{"imageTag": label}])
    except registry.exceptions.ImageNotFoundException:
        return None
    return f"{repository}@{found['imageDetails'][0]['imageDigest']}"


def log_in(repository: str) -> None:
    """Have Docker know the repository for some hours; the password is not on a command line."""
    token = session().client("ecr", config=client_config()).get_authorization_token()
    user, _, password = base64.b64decode(token["authorizationData"][0]["authorizationToken"]).decode().partition(":")
    docker("login", "--username", user, "--password-stdin", repository.partition("/")[0], given=password)


def docker(*arguments: str, given: str | None = None) -> None:
    """Run a command of Docker.

    Raises:
        BadRequest: it fails; what it printed is above.
    """
    if subprocess.run(["docker", *arguments], check=False, input=given, text=True).returncode:
        raise BadRequest(message=f"`docker {arguments[0]}` failed; the lines above say why")
