"""Which relations does the demo world know? Those of countries (land, people, state) and of chemical elements.

Paper     RAG §3
Tutorial  tutorials/00_rag_in_one_page.py
Tests     tests/world/test_relations.py
"""

from minirag.world.land_relations import LAND_RELATIONS
from minirag.world.people_relations import PEOPLE_RELATIONS
from minirag.world.relation import KINDS as KINDS
from minirag.world.relation import VALUE_KINDS as VALUE_KINDS
from minirag.world.relation import Relation as Relation
from minirag.world.state_relations import STATE_RELATIONS
from minirag.world.substance_relations import SUBSTANCE_RELATIONS
from minirag.world.table_relations import TABLE_RELATIONS

COUNTRY_RELATIONS = LAND_RELATIONS + PEOPLE_RELATIONS + STATE_RELATIONS
ELEMENT_RELATIONS = TABLE_RELATIONS + SUBSTANCE_RELATIONS
RELATIONS = COUNTRY_RELATIONS + ELEMENT_RELATIONS
RELATION_BY_NAME = {relation.name: relation for relation in RELATIONS}
