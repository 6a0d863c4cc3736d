"""Build everything that a deployment uploads, and say under which key each of it lies."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from infrastructure.functions import ROOT, Packages
from infrastructure.machines import EMITTED, machines
from infrastructure.package import PYTHON, Tree, build, copy_code, key_of, measured, pack
from infrastructure.states import parameter
from lakehouse_assets.errors import BadRequest

BUILD = ROOT / "build"
GLUE_PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")


@dataclass
class Artifacts:
    """Hold what is uploaded: files by key, and the parameters that name the keys."""

    files: dict[str, Path] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, folder: str, path: Path) -> None:
        """Add a file whose key a parameter names."""
        key = key_of(path, folder)
        self.files[key], self.parameters[name] = path, key


@dataclass(frozen=True)
class Wanted:
    """Say what is built.

    Attributes:
        python: the version of Python of functions and jobs.
        engine_zip: whether the functions with the engine are a zip, as an emulator takes it, and not an image.
        wheels: whether Glue gets its wheels; an emulator has them installed.
        catalog, engine: how machines are emitted, see `stepfunctions.options.Options`.
    """

    python: str = PYTHON
    engine_zip: bool = False
    wheels: bool = True
    catalog: str = "declared"
    engine: str = "auto"


def build_all(wanted: Wanted, folder: Path = BUILD) -> Artifacts:
    """Build all that is uploaded; images are not (`images.py`)."""
    made = Artifacts()
    tree = build("functions", folder / "functions", wanted.python)
    require_zip(tree)
    made.add("FunctionsPackage", "functions", pack(tree, folder / "functions.zip"))
    if wanted.engine_zip:
        engine = build("engine", folder / "engine", wanted.python)
        made.add("EnginePackage", "functions", pack(engine, folder / "engine.zip", level=1))
    made.add("GluePackage", "glue", glue_code(folder))
    for script in scripts():
        made.files[f"{scripts_prefix()}/{script.name}"] = script
    made.parameters["GlueScripts"] = scripts_prefix()
    for machine in machines(definitions(wanted, folder)):
        made.add(parameter(machine), "machines", machine.path)
    if wanted.wheels:
        made.files |= {f"wheels/{path.name}": path for path in wheels(folder / "wheels", wanted.python)}
    return made


def definitions(wanted: Wanted, folder: Path) -> Path:
    """Return the folder of the machines: those that are committed, or others of the same graph where they are asked.

    Raises:
        BadRequest: there is no such catalog or engine.
    """
    from pydantic import TypeAdapter, ValidationError

    from stepfunctions.emit import write
    from stepfunctions.options import Options

    try:
        options = TypeAdapter(Options).validate_python({"catalog": wanted.catalog, "engine": wanted.engine})
    except ValidationError as error:
        problem = f"Catalog is declared or crawler, Engine is auto, lambda or glue; not `{error.errors()[0]['input']}`"
        raise BadRequest(message=problem) from error
    if options == Options():
        return EMITTED
    write(folder / "machines", options)
    return folder / "machines"


def require_zip(tree: Tree) -> None:
    """Refuse a tree that Lambda would refuse.

    Raises:
        SystemExit: it is too large for a zip.
    """
    if not tree.fits_zip:
        raise SystemExit(
            f"package: {tree.folder.name} has {tree.bytes // 10**6} MB, and a zip may hold 250: make it an image."
        )


def glue_code(folder: Path) -> Path:
    """Return the zip of our code that jobs import."""
    shutil.rmtree(folder / "glue", ignore_errors=True)
    copy_code(folder / "glue", ("lakehouse_assets", "glue"))
    return pack(measured(folder / "glue"), folder / "lakehouse_assets.zip")


def scripts() -> list[Path]:
    """Return the job scripts."""
    return sorted(path for path in (ROOT / "glue" / "jobs").glob("*.py") if path.name != "__init__.py")


def scripts_prefix() -> str:
    """Return the folder of the scripts: it changes with their content, so a running job keeps its script."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in scripts())).hexdigest()[:16]
    return f"glue/scripts-{digest}"


def wheels(folder: Path, python: str) -> Iterator[Path]:
    """Yield the wheels of the lock of Glue, downloaded with the hashes that it says.

    Raises:
        SystemExit: one cannot be had; the lines above say why.
    """
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--require-hashes", "--only-binary", ":all:", "--python-version", python, "--implementation", "cp"]
    command += [part for name in GLUE_PLATFORMS for part in ("--platform", name)]
    command += ["--dest", str(folder), "-r", str(ROOT / "requirements" / "glue.txt")]
    if subprocess.run(command, check=False, cwd=ROOT).returncode:
        raise SystemExit("package: the wheels for Glue cannot be downloaded; the lines above say why.")
    yield from sorted(folder.glob("*.whl"))


def image_context(packages: Packages = "engine", folder: Path = BUILD / "image", python: str = PYTHON) -> Tree:
    """Make the context of the image: the Dockerfile, and the same tree that a zip would hold."""
    tree = build(packages, folder / "tree", python)
    shutil.copyfile(ROOT / "infrastructure" / "images" / "Dockerfile", folder / "Dockerfile")
    return tree


def main(argv: Sequence[str]) -> None:
    """Build everything that is uploaded, and the context of the image."""
    python = argv[0] if argv else PYTHON
    for key, path in build_all(Wanted(python)).files.items():
        print(f"package: {key}, {path.stat().st_size / 10**6:.1f} MB")
    print(f"package: image, {image_context(python=python).bytes / 10**6:.0f} MB")


if __name__ == "__main__":
    main(sys.argv[1:])
