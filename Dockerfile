# Dagster with the code location of this project, for ECS: web server, daemon and runs are containers of it.
# Build it by `docker build -t lakehouse-dagster .`; docs/dagster-on-aws.md says how it is started.
#
# BASE may carry the digest that was reviewed: `--build-arg BASE=python:3.13-slim-bookworm@sha256:…`.
ARG BASE=python:3.13-slim-bookworm
FROM ${BASE}

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DAGSTER_HOME=/opt/dagster

WORKDIR /opt/lakehouse

# The packages change rarely, so that they are a layer of their own; each has the hash that the lock says.
COPY requirements/bootstrap.txt requirements/dagster.txt requirements/
RUN python -m pip install --no-cache-dir --require-hashes -r requirements/bootstrap.txt \
    && python -m uv pip install --system --no-cache --no-build-isolation --require-hashes -r requirements/dagster.txt

COPY pyproject.toml README.md LICENSE dagster.yaml workspace.yaml ./
COPY lakehouse_assets lakehouse_assets
COPY lambdas lambdas
COPY glue glue
COPY stepfunctions stepfunctions
COPY dagster.aws.yaml ${DAGSTER_HOME}/dagster.yaml
RUN python -m uv pip install --system --no-cache --no-build-isolation --no-deps . \
    && useradd --uid 1000 --home-dir ${DAGSTER_HOME} --shell /usr/sbin/nologin dagster \
    && chown -R dagster ${DAGSTER_HOME}

USER 1000

EXPOSE 3000

# The web server; the daemon is `dagster-daemon run -w /opt/lakehouse/workspace.yaml`.
CMD ["dagster-webserver", "--host", "0.0.0.0", "--port", "3000", "--workspace", "/opt/lakehouse/workspace.yaml"]
