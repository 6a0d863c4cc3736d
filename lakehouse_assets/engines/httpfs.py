"""Let a DuckDB connection read S3, by the extension that is installed beside DuckDB; nothing is downloaded.

Endpoint, region and credentials are those of `storage/aws.py`. They are handed over as parameters of a statement, so
that neither its text nor an error about it holds a secret. A folder lake never gets here.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from lakehouse_assets.storage.aws import Access, access
from lakehouse_assets.urls import is_s3

if TYPE_CHECKING:
    import duckdb

SETTINGS = {
    # Names of objects are names: no `*`, `?` or `[` in one stands for others, and `?` begins no parameters.
    "s3_url_compatibility_mode": True,
    # Of a throttled or broken request: a wait of 0.1 s, then of four times the last, 34 s in all.
    "http_retries": 5,
    # Data files of tables never change, so whether one is there and how large it is is asked once. A landed file that
    # changes under a load is noticed by the load.
    "enable_http_metadata_cache": True,
    # The extension copies these from the environment, where `SELECT * FROM duckdb_settings()` would show them.
    "s3_access_key_id": "",
    "s3_secret_access_key": "",
    "s3_session_token": "",
}
CREDENTIALS = (
    "CREATE OR REPLACE SECRET lakehouse (TYPE s3, KEY_ID $key_id, SECRET $secret, SESSION_TOKEN $token, "
    "REGION $region, ENDPOINT $endpoint, URL_STYLE $style, USE_SSL $ssl)"
)
AWS_ENDPOINT = "s3.amazonaws.com"
"""What DuckDB takes for no endpoint: it puts the region in."""


def extension_file() -> Path:
    """Return the extension of the installed package, for the version of DuckDB that it is for."""
    import duckdb
    import duckdb_extension_httpfs

    package = Path(duckdb_extension_httpfs.__file__).parent
    return package / "extensions" / f"v{duckdb.__version__}" / "httpfs.duckdb_extension"


def ready(db: duckdb.DuckDBPyConnection, files: Iterable[str]) -> None:
    """Let a connection read these files now; nothing is loaded where none of them is in S3.

    Raises:
        CredentialsUnusable, RegionUnknown: as `aws.access`.
    """
    Renewal(db).begin(files)


def reach(db: duckdb.DuckDBPyConnection, found: Access) -> None:
    """Load the extension where that was not done yet, and give the connection's database these credentials."""
    file = str(extension_file()).replace("'", "''")
    db.execute(f"LOAD '{file}'")
    for name, value in SETTINGS.items():
        db.execute(f"SET GLOBAL {name} = {value!r}")
    scheme, _, host = (found.endpoint or f"https://{AWS_ENDPOINT}").partition("://")
    given: dict[str, str | bool] = {
        "key_id": found.key_id,
        "secret": found.secret,
        "token": found.token or "",
        "region": found.region,
    }
    given |= {"endpoint": host.rstrip("/"), "style": "path" if found.endpoint else "vhost", "ssl": scheme == "https"}
    db.execute(CREDENTIALS, given)


class Renewal:
    """Keep the credentials of a connection those of this moment, once it reads S3.

    Args:
        db: the connection.
    """

    def __init__(self, db: duckdb.DuckDBPyConnection) -> None:
        self._db = db
        self._given: Access | None = None

    def begin(self, files: Iterable[str]) -> None:
        """Let the connection read these files."""
        if self._given is None and any(map(is_s3, files)):
            self._given = access()
            reach(self._db, self._given)

    def renew(self) -> None:
        """Give the connection other credentials where those that it has were replaced; boto3 does so in time."""
        if self._given is not None and (now := access()) != self._given:
            self._given = now
            reach(self._db, now)
