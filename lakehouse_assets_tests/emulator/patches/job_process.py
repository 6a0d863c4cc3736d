"""One run of a Glue job as a process of its own: its folder, its arguments as Glue gives them, and how it ended.

Belongs here: the process. Not here: states and limits of runs (`jobs.py`).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PYTHON, PACKAGES, SPARK_CONF, JAVA = "JOB_PYTHON", "JOB_PACKAGES", "JOB_SPARK_CONF", "JOB_JAVA"
"""Variables of the emulator: what runs jobs, where its packages are, what Spark is told, and Spark's Java."""
LONGEST_MESSAGE = 1000
GRACE_SECONDS = 10


class LaunchError(Exception):
    """A run could not begin; the text is Glue's."""


@dataclass(frozen=True)
class Ended:
    """How a run ended: its state, the error's message, and what it wrote to both outputs."""

    state: str
    message: str
    output: str
    errors: str


class JobProcess:
    """A process that has begun.

    Args:
        job: Glue's record of the job.
        run_id: the run.
        arguments: the job's own and the run's, with their dashes.
        read: returns the object at an S3 URI, None when there is none.
    """

    def __init__(
        self, job: Mapping[str, Any], run_id: str, arguments: Mapping[str, str], read: Callable[[str], bytes | None]
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="glue-"))
        location = (job.get("Command") or {}).get("ScriptLocation", "")
        extra = [uri.strip() for uri in arguments.get("--extra-py-files", "").split(",") if uri.strip()]
        try:
            script, *libraries = [self._file(uri, read) for uri in (location, *extra)]
        except LaunchError:
            shutil.rmtree(self.folder)
            raise
        self._output, self._errors = self.folder / "stdout", self.folder / "stderr"
        command = [os.environ[PYTHON], "-S", str(script), *argv(job["Name"], run_id, arguments)]
        with self._output.open("wb") as output, self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=environment([self.folder, *libraries], job),
                stdout=output,
                stderr=errors,
                start_new_session=True,
            )

    def _file(self, uri: str, read: Callable[[str], bytes | None]) -> Path:
        content = read(uri)
        if content is None:
            raise LaunchError(f"LAUNCH ERROR | File not found: {uri}")
        path = self.folder / uri.rpartition("/")[2]
        path.write_bytes(content)
        return path

    def wait(self, seconds: float) -> Ended:
        """Wait for the end, and end it when its time is over."""
        try:
            status: int | None = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            status = None
            self.kill()
        output, errors = (path.read_text(errors="replace") for path in (self._output, self._errors))
        shutil.rmtree(self.folder, ignore_errors=True)
        if status is None:
            return Ended("TIMEOUT", "Job run timed out", output, errors)
        if status == 0:
            return Ended("SUCCEEDED", "", output, errors)
        return Ended("FAILED", message(errors, status), output, errors)

    def kill(self) -> None:
        """End the process and all that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(GRACE_SECONDS)
            os.killpg(self._process.pid, signal.SIGKILL)


def argv(job_name: str, run_id: str, arguments: Mapping[str, str]) -> list[str]:
    """Return the arguments as Glue gives them: its own come last.

    >>> argv("j", "jr_1", {"--run-id": "r"})
    ['--run-id', 'r', '--JOB_NAME', 'j', '--JOB_ID', 'j_jr_1', '--JOB_RUN_ID', 'jr_1']
    """
    own = {"--JOB_NAME": job_name, "--JOB_ID": f"j_{run_id}", "--JOB_RUN_ID": run_id}
    return [part for name, value in {**arguments, **own}.items() for part in (name, str(value))]


def environment(libraries: list[Path], job: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables of a job's process.

    Packages come after the job's libraries, and Python's start-up files are not read (`-S`), so that the project is
    what was handed over and never the working copy of this machine.
    """
    from ministack.core.lambda_runtime import execution_credentials
    from ministack.core.responses import get_account_id, get_region

    region = get_region()
    identity = f"arn:aws:lambda:{region}:{get_account_id()}:function:glue-{job['Name']}"
    keys = execution_credentials({"FunctionArn": identity, "FunctionName": job["Name"], "Role": job.get("Role", "")})
    return {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("JOB_HOME", os.environ["HOME"]),
        "JAVA_HOME": os.environ.get(JAVA, ""),
        "SPARK_CONF_DIR": os.environ.get(SPARK_CONF, ""),
        "PYSPARK_PYTHON": os.environ[PYTHON],
        "PYTHONPATH": os.pathsep.join([*map(str, libraries), os.environ[PACKAGES]]),
        "PYTHONUNBUFFERED": "1",
        "GLUE_VERSION": job.get("GlueVersion", ""),
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        **{name: value for name, value in keys.items() if value},
    }


def message(errors: str, status: int) -> str:
    r"""Return what Glue says of a failure: the last line that is no part of a trace.

    >>> message("Traceback:\n  File ...\nValueError: nothing there\n", 1)
    'ValueError: nothing there'
    >>> message("", 3)
    'Command failed with exit code 3'
    """
    lines = [line for line in errors.splitlines() if line.strip() and not line.startswith((" ", "\t"))]
    return lines[-1][:LONGEST_MESSAGE] if lines else f"Command failed with exit code {status}"
