"""How are the facts of an element as a substance put into words? The melting point, density, crystals and the like.

Paper     RAG §3
Tutorial  tutorials/00_rag_in_one_page.py
Tests     tests/world/test_relations.py
"""

from minirag.world.relation import relation

SUBSTANCE_RELATIONS = (
    relation(
        "melting_point",
        "element",
        "quantity",
        """
        The melting point of {entity} is {value}.
        {entity} melts at {value}.
        At {value}, {entity} melts.
        Heated to {value}, solid {entity} turns into a liquid.
        Its melting point is {value}.
        It melts at {value}.
        """,
        """
        What is the melting point of {entity}?
        At what temperature does {entity} melt?
        When does {entity} melt?
        How hot must {entity} be to melt?
        At which temperature does solid {entity} turn into a liquid?
        {entity} melts at what temperature?
        """,
    ),
    relation(
        "boiling_point",
        "element",
        "quantity",
        """
        The boiling point of {entity} is {value}.
        {entity} boils at {value}.
        At {value}, {entity} boils.
        Heated to {value}, liquid {entity} turns into a gas.
        Its boiling point is {value}.
        It boils at {value}.
        """,
        """
        What is the boiling point of {entity}?
        At what temperature does {entity} boil?
        When does {entity} boil?
        How hot must {entity} be to boil?
        At which temperature does liquid {entity} turn into a gas?
        {entity} boils at what temperature?
        """,
    ),
    relation(
        "density",
        "element",
        "quantity",
        """
        The density of {entity} is {value}.
        {entity} has a density of {value}.
        A density of {value} is measured for {entity}.
        Measured by density, {entity} comes to {value}.
        Its density is {value}.
        It has a density of {value}.
        """,
        """
        What is the density of {entity}?
        How dense is {entity}?
        Which density does {entity} have?
        What density is measured for {entity}?
        {entity} has what density?
        Give the density of {entity}.
        """,
    ),
    relation(
        "crystal_structure",
        "element",
        "phrase",
        """
        The crystal structure of {entity} is {value}.
        Solid {entity} forms {value} crystals.
        Solid {entity} has the {value} structure.
        In its solid form, {entity} takes the {value} structure.
        Its crystal structure is {value}.
        It forms {value} crystals.
        """,
        """
        What is the crystal structure of {entity}?
        What kind of crystals does {entity} form?
        Which structure does solid {entity} have?
        How are the atoms of solid {entity} arranged?
        Which crystal structure does {entity} take?
        {entity} has which crystal structure?
        """,
    ),
    relation(
        "electronegativity",
        "element",
        "number",
        """
        The electronegativity of {entity} is {value}.
        {entity} has an electronegativity of {value}.
        On the Pauling scale, {entity} stands at {value}.
        A value of {value} on the Pauling scale describes {entity}.
        Its electronegativity is {value}.
        On the Pauling scale it stands at {value}.
        """,
        """
        What is the electronegativity of {entity}?
        How electronegative is {entity}?
        Where does {entity} stand on the Pauling scale?
        Which electronegativity does {entity} have?
        What is the Pauling value of {entity}?
        {entity} has what electronegativity?
        """,
    ),
)
