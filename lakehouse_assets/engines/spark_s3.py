"""Let Spark read and write S3 by Hadoop's S3A: which jars that takes, and what they are told.

What S3A is told goes into the configuration of the running session and not into its settings, since Spark hands those
to Java on a command line, which everybody on the machine can read. On Glue nothing of this is needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakehouse_assets.storage.aws import Access

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SDK = "2.29.52"
S3_JARS = (
    "org.apache.hadoop:hadoop-aws:3.4.2",
    *(f"software.amazon.awssdk:{part}:{SDK}" for part in ("s3", "sts", "s3-transfer-manager")),
)
"""Maven names of S3A for the Hadoop of the pinned Spark, and of the parts of AWS' SDK that it uses."""
EXCLUDED = (
    "software.amazon.awssdk:bundle",
    "software.amazon.s3.analyticsaccelerator:analyticsaccelerator-s3",
    "org.wildfly.openssl:wildfly-openssl",
    "org.slf4j:slf4j-api",
)
"""What S3A's own list of jars names besides: the whole SDK in one jar of 640 MB, and what it does without."""
S3A = "org.apache.hadoop.fs.s3a"


def s3_settings(found: Access) -> dict[str, str]:
    """Return what S3A has to be told, secrets among it."""
    provider = "TemporaryAWSCredentialsProvider" if found.token else "SimpleAWSCredentialsProvider"
    told = {
        # Places are spelt alike for all engines; Delta takes its log store for S3 by this scheme too.
        "fs.s3.impl": f"{S3A}.S3AFileSystem",
        "fs.s3a.endpoint.region": found.region,
        "fs.s3a.aws.credentials.provider": f"{S3A}.{provider}",
        "fs.s3a.access.key": found.key_id,
        "fs.s3a.secret.key": found.secret,
        "fs.s3a.session.token": found.token or "",
    }
    if found.endpoint:
        told |= {"fs.s3a.endpoint": found.endpoint, "fs.s3a.path.style.access": "true"}
        told |= {"fs.s3a.connection.ssl.enabled": str(not found.is_plain).lower()}
    return told


def reach(spark: SparkSession, found: Access) -> None:
    """Tell a session's S3A how S3 is reached; connections that were opened with other credentials are given up."""
    context: Any = spark.sparkContext
    hadoop, told = context._jsc.hadoopConfiguration(), s3_settings(found)  # noqa: SLF001 - Python has no way of its own
    if all(hadoop.get(name) == value for name, value in told.items()):
        return
    for name, value in told.items():
        hadoop.set(name, value)
    context._jvm.org.apache.hadoop.fs.FileSystem.closeAll()  # noqa: SLF001 - as above
