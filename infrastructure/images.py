"""Build the image of the functions that no zip can hold, try it, and push it; this needs Docker.

    python -m infrastructure.images pin                  write the digest of the base into images/base.txt
    python -m infrastructure.images build functions      build the image, for this machine only
    python -m infrastructure.images try functions        call each function of the built image once

Where there is no Docker, the workflow builds it, and `make deploy` takes its digest (`--image`). Only an image on a
base with a digest is pushed: a tag means another base tomorrow.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

from infrastructure.build import BUILD, image_context
from infrastructure.functions import FUNCTIONS, ROOT, Function
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.storage.aws import client_of

BASE = ROOT / "infrastructure" / "images" / "base.txt"
NO_DOCKER = "there is no Docker here to build the image with: name one that was pushed, `--image <repository>@sha256:…`"
NOT_PINNED = "the base of the image has no digest: `python -m infrastructure.images pin`, look at the change, commit it"
LOCAL = "lakehouse-functions:built"
PORT = 9000
INVOKE = f"http://127.0.0.1:{PORT}/2015-03-31/functions/function/invocations"
"""Where the runtime emulator in the base image takes events:
https://docs.aws.amazon.com/lambda/latest/dg/images-test.html"""
SECONDS = 60


def base(path: Path = BASE) -> str:
    """Return the base of the image, with its digest where it was pinned."""
    return path.read_text("ascii").strip()


def push(repository: str) -> str:
    """Build the image, push it under a digest of its tree and its base, and return it with its own digest.

    Raises:
        BadRequest: there is no Docker, a command of it fails, or the base has no digest.
    """
    tree = image_context()
    tag = f"{repository}:{hashlib.sha256(f'{tree.digest} {base()}'.encode()).hexdigest()[:16]}"
    if (there := digest_of(repository, tag)) is not None:
        return there
    if "@sha256:" not in base():
        raise BadRequest(message=NOT_PINNED)
    build(tag)
    log_in(repository)
    docker("push", tag)
    pushed = digest_of(repository, tag)
    if pushed is None:
        raise BadRequest(message=f"`{tag}` was pushed, and is not in its repository")
    return pushed


def build(tag: str) -> None:
    """Build the image from its context, which is there."""
    docker(
        *("build", "--platform", "linux/amd64", "--provenance=false", "--build-arg", f"BASE={base()}"),
        *("--tag", tag, str(BUILD / "image")),
    )


def pin(path: Path = BASE) -> str:
    """Write the digest that the tag of the base has now, and return the pinned base."""
    tag = base(path).partition("@")[0]
    docker("pull", "--platform", "linux/amd64", tag)
    found = docker("image", "inspect", "--format", "{{index .RepoDigests 0}}", tag)
    path.write_text(f"{tag}@{found.strip().partition('@')[2]}\n", "ascii")
    return base(path)


def try_out(function: Function, tag: str = LOCAL) -> str:
    """Start a container as one function, call it with an empty event, and return the error that it tells.

    Raises:
        BadRequest: it does not start, or does not find its handler or a package.
    """
    name = f"try-{function.folder}"
    docker("run", "--detach", "--rm", "--name", name, "--publish", f"{PORT}:8080", tag, function.handler)
    try:
        told = json.loads(_answer(b"{}"))
    finally:
        docker("stop", "--time", "1", name)
    kind = str(told.get("errorType", ""))
    if kind.startswith("Runtime.") or kind in {"ImportError", "ModuleNotFoundError"}:
        raise BadRequest(message=f"{function.name} does not start: {told.get('errorMessage')}")
    return kind or "no error"


def _answer(event: bytes) -> bytes:
    """Return what the container answers, once it listens."""
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            with urlopen(Request(INVOKE, data=event), timeout=SECONDS) as answer:
                return bytes(answer.read())
        except (URLError, ConnectionError) as error:
            if time.monotonic() > deadline:
                raise BadRequest(message=f"the container does not answer: {error}") from error
            time.sleep(0.5)


def digest_of(repository: str, tag: str) -> str | None:
    """Return a pushed image with its digest; None where it was not pushed."""
    registry = client_of("ecr")
    name, label = repository.partition("/")[2], tag.rpartition(":")[2]
    try:
        found = registry.describe_images(repositoryName=name, imageIds=[{"imageTag": label}])
    except registry.exceptions.ImageNotFoundException:
        return None
    return f"{repository}@{found['imageDetails'][0]['imageDigest']}"


def log_in(repository: str) -> None:
    """Have Docker know the repository for some hours; the password is not on a command line."""
    token = client_of("ecr").get_authorization_token()["authorizationData"][0]["authorizationToken"]
    user, _, password = base64.b64decode(token).decode().partition(":")
    docker("login", "--username", user, "--password-stdin", repository.partition("/")[0], given=password)


def docker(*arguments: str, given: str | None = None) -> str:
    """Run a command of Docker and return what it prints; what it says about its work is shown.

    Raises:
        BadRequest: there is no Docker, or the command fails.
    """
    if shutil.which("docker") is None:
        raise BadRequest(message=NO_DOCKER)
    done = subprocess.run(["docker", *arguments], check=False, input=given, text=True, stdout=subprocess.PIPE)
    if done.returncode:
        raise BadRequest(message=f"`docker {arguments[0]}` failed; the lines above say why")
    return done.stdout


def main(argv: Sequence[str]) -> int:
    """Do what the command says, and return the exit status."""
    try:
        if argv[:1] == ["pin"]:
            print(f"image: {pin()}")
        elif argv == ["build", "functions"]:
            print(f"image: the context has {image_context().bytes / 10**6:.0f} MB")
            build(LOCAL)
        elif argv == ["try", "functions"]:
            for function in (one for one in FUNCTIONS if one.is_image):
                print(f"image: {function.name}: {try_out(function)}")
        else:
            print(__doc__, file=sys.stderr)
            return 2
    except BadRequest as error:
        print(f"image: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
