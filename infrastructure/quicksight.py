"""Make the dashboard of the report in QuickSight: data source, data set, refresh, and one dashboard of two visuals.

The columns are the contract's. All of it stands under a condition, since an account has QuickSight only when somebody
has subscribed to it: https://docs.aws.amazon.com/quicksight/latest/user/signing-up.html
"""

from __future__ import annotations

from typing import Any

from infrastructure.yaml_text import Json
from lakehouse_assets.contracts import contracts
from lakehouse_assets.contracts.model import Contract

TABLE = ("marketing", "gold.daily_report_sub5_output")
DAY, WHO, VALUES = "datestamp", "affiliate_name", ("click_count", "conversions_count", "approved_revenue")
SHEET, DATA = "report", "sub5"
OWNER = [
    "quicksight:DescribeDashboard", "quicksight:ListDashboardVersions", "quicksight:UpdateDashboardPermissions",
    "quicksight:QueryDashboard", "quicksight:UpdateDashboard", "quicksight:DeleteDashboard",
    "quicksight:DescribeDashboardPermissions", "quicksight:UpdateDashboardPublishedVersion",
]  # fmt: skip
DATA_OWNER = [
    "quicksight:DescribeDataSet", "quicksight:DescribeDataSetPermissions", "quicksight:PassDataSet",
    "quicksight:DescribeIngestion", "quicksight:ListIngestions", "quicksight:UpdateDataSet",
    "quicksight:DeleteDataSet", "quicksight:CreateIngestion", "quicksight:CancelIngestion",
    "quicksight:UpdateDataSetPermissions",
]  # fmt: skip
SOURCE_OWNER = [
    "quicksight:DescribeDataSource", "quicksight:DescribeDataSourcePermissions", "quicksight:PassDataSource",
    "quicksight:UpdateDataSource", "quicksight:DeleteDataSource", "quicksight:UpdateDataSourcePermissions",
]  # fmt: skip


def dashboard_resources() -> dict[str, Json]:
    """Return the resources of QuickSight."""
    table = contracts(TABLE[0])[TABLE[1]]
    return {
        "ReportSource": _resource("DataSource", _source()),
        "ReportData": _resource("DataSet", _data(table)),
        "ReportRefresh": _resource("RefreshSchedule", _refresh()),
        "ReportDashboard": _resource("Dashboard", _dashboard()),
    }


def _resource(kind: str, properties: Json) -> Json:
    return {"Type": f"AWS::QuickSight::{kind}", "Condition": "HasQuickSight", "Properties": properties}


def _named(name: str) -> Json:
    return {"AwsAccountId": {"Ref": "AWS::AccountId"}, "Name": name}


def _owned(actions: list[str]) -> list[Json]:
    return [{"Principal": {"Ref": "QuickSightUser"}, "Actions": actions}]


def _source() -> Json:
    return _named("Lakehouse") | {
        "DataSourceId": {"Fn::Sub": "lakehouse-${EnvironmentName}"},
        "Type": "ATHENA",
        "DataSourceParameters": {"AthenaParameters": {"WorkGroup": {"Ref": "WorkGroup"}}},
        "Permissions": _owned(SOURCE_OWNER),
    }


def _data(table: Contract) -> Json:
    columns = [{"Name": column.name, "Type": _type(column.type)} for column in table.columns]
    relation = {
        "DataSourceArn": {"Fn::GetAtt": ["ReportSource", "Arn"]},
        "Catalog": "AwsDataCatalog",
        "Schema": table.database,
        "Name": table.name,
        "InputColumns": columns,
    }
    return _named("Sub5 report") | {
        "DataSetId": {"Fn::Sub": "lakehouse-${EnvironmentName}-sub5"},
        # Copied into QuickSight's memory, so that looking at it scans nothing.
        "ImportMode": "SPICE",
        "PhysicalTableMap": {"report": {"RelationalTable": relation}},
        "Permissions": _owned(DATA_OWNER),
    }


def _type(sql: str) -> str:
    """Return how QuickSight calls a type of a contract.

    >>> _type("DECIMAL(18,2)"), _type("DATE"), _type("BIGINT"), _type("STRING")
    ('DECIMAL', 'DATETIME', 'INTEGER', 'STRING')
    """
    known = {"DECIMAL": "DECIMAL", "DOUBLE": "DECIMAL", "DATE": "DATETIME", "TIMESTAMP": "DATETIME"}
    known |= {"INT": "INTEGER", "BIGINT": "INTEGER", "BOOLEAN": "BIT"}
    return known.get(sql.partition("(")[0], "STRING")


def _refresh() -> Json:
    """Return the refresh of a day; it comes after the afternoon's run is over."""
    day = {"Interval": "DAILY", "TimeOfTheDay": "15:00"}
    schedule = {"ScheduleId": "daily", "RefreshType": "FULL_REFRESH", "ScheduleFrequency": day}
    of = {"AwsAccountId": {"Ref": "AWS::AccountId"}, "DataSetId": {"Fn::Sub": "lakehouse-${EnvironmentName}-sub5"}}
    return of | {"Schedule": schedule}


def _column(name: str) -> Json:
    return {"DataSetIdentifier": DATA, "ColumnName": name}


def _measures() -> list[Json]:
    return [_measure(name) for name in VALUES]


def _measure(name: str) -> Json:
    summed = {"SimpleNumericalAggregation": "SUM"}
    return {"NumericalMeasureField": {"FieldId": name, "Column": _column(name), "AggregationFunction": summed}}


def _dashboard() -> Json:
    day = {"DateDimensionField": {"FieldId": DAY, "Column": _column(DAY), "DateGranularity": "DAY"}}
    who = {"CategoricalDimensionField": {"FieldId": WHO, "Column": _column(WHO)}}
    by_day = {"LineChartAggregatedFieldWells": {"Category": [day], "Values": _measures()}}
    by_partner = {"TableAggregatedFieldWells": {"GroupBy": [who], "Values": _measures()}}
    visuals: list[Any] = [
        {"LineChartVisual": {"VisualId": "by-day", "ChartConfiguration": {"FieldWells": by_day}}},
        {"TableVisual": {"VisualId": "by-partner", "ChartConfiguration": {"FieldWells": by_partner}}},
    ]
    declared = {"Identifier": DATA, "DataSetArn": {"Fn::GetAtt": ["ReportData", "Arn"]}}
    definition = {
        "DataSetIdentifierDeclarations": [declared],
        "Sheets": [{"SheetId": SHEET, "Name": "The last seven days", "Visuals": visuals}],
    }
    return _named("Sub5 report") | {
        "DashboardId": {"Fn::Sub": "lakehouse-${EnvironmentName}-sub5"},
        "Definition": definition,
        "Permissions": _owned(OWNER),
    }
