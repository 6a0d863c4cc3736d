"""List the fields that the Open Data Contract Standard has, so that a misspelt one is told instead of overlooked.

https://bitol-io.github.io/open-data-contract-standard/ (those of its versions 3.0 to 3.2)

Here: the fields of the mappings that this product reads. What stands deeper is the linter's of the standard.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lakehouse_assets.spelling import meant

CONTRACT = """
    apiVersion kind id name version status tenant tags servers dataProduct description domain schema support price team
    roles slaDefaultElement slaProperties authoritativeDefinitions customProperties contractCreatedTs context
"""
SHARED = """
    id name physicalType physicalName logicalType description businessName authoritativeDefinitions tags
    customProperties properties quality relationships context deprecated synonyms
"""
"""Names the fields that a table and a column both have."""
COLUMN = """
    primaryKey primaryKeyPosition logicalTypeOptions required unique partitioned partitionKeyPosition classification
    encryptedName transformSourceObjects transformLogic transformDescription examples criticalDataElement items
    semanticType enum map
"""
RULE = """
    id name description severity type engine implementation customProperties authoritativeDefinitions tags
    businessImpact dimension method schedule scheduler unit rule metric arguments query mustBe mustNotBe
    mustBeGreaterThan mustBeGreaterOrEqualTo mustBeLessThan mustBeLessOrEqualTo mustBeBetween mustNotBeBetween
"""
OF_MAPPING: Mapping[str, frozenset[str]] = {
    "": frozenset(CONTRACT.split()),
    "description": frozenset({"purpose", "usage", "limitations", "authoritativeDefinitions", "customProperties"}),
    "schema": frozenset({*SHARED.split(), "dataGranularityDescription"}),
    "properties": frozenset({*SHARED.split(), *COLUMN.split()}),
    "quality": frozenset(RULE.split()),
}
"""Maps the field under which a mapping stands, empty for the document, to the fields that it may have."""
NONE_NEAR = "the Open Data Contract Standard has none of this name"


def unknown(content: Mapping[Any, Any], under: str) -> list[str]:
    """Return a sentence for each field of a mapping that the standard does not have."""
    known = OF_MAPPING.get(under)
    if known is None or content.keys() <= known:
        return []
    names = [str(name) for name in content if name not in known]
    return [f"has an unknown field `{name}`; {meant(name, sorted(known), NONE_NEAR)}" for name in names]
