"""Which relations does the demo world know? Those of countries (land, society) and of chemical elements (table, substance).

Paper     RAG §3
Tutorial  tutorials/00_rag_in_one_page.py
Tests     tests/world/test_relations.py
"""

from minirag.world.land_relations import LAND_RELATIONS
from minirag.world.relation import KINDS, VALUE_KINDS, Relation
from minirag.world.society_relations import SOCIETY_RELATIONS
from minirag.world.substance_relations import SUBSTANCE_RELATIONS
from minirag.world.table_relations import TABLE_RELATIONS

COUNTRY_RELATIONS = LAND_RELATIONS + SOCIETY_RELATIONS
ELEMENT_RELATIONS = TABLE_RELATIONS + SUBSTANCE_RELATIONS
RELATIONS = COUNTRY_RELATIONS + ELEMENT_RELATIONS
RELATION_BY_NAME = {relation.name: relation for relation in RELATIONS}

__all__ = ["COUNTRY_RELATIONS", "ELEMENT_RELATIONS", "KINDS", "RELATIONS", "RELATION_BY_NAME", "VALUE_KINDS", "Relation"]
