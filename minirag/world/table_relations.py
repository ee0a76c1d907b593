"""How are an element's place in the periodic table and its discovery put into words?

Paper     RAG §3
Tutorial  tutorials/00_rag_in_one_page.py
Tests     tests/world/test_relations.py
"""

from minirag.world.relation import relation

TABLE_RELATIONS = (
    relation(
        "symbol",
        "element",
        "code",
        """
        The chemical symbol of {entity} is {value}.
        {entity} is written {value} in formulas.
        {value} is the chemical symbol of {entity}.
        In formulas, {value} stands for {entity}.
        Its chemical symbol is {value}.
        {value} is its chemical symbol.
        """,
        """
        What is the chemical symbol of {entity}?
        What is the symbol for {entity}?
        How is {entity} written in formulas?
        Which symbol do chemists use for {entity}?
        Which letters stand for {entity} in formulas?
        {entity} has which chemical symbol?
        """,
    ),
    relation(
        "atomic_number",
        "element",
        "number",
        """
        The atomic number of {entity} is {value}.
        {entity} has atomic number {value}.
        An atom of {entity} holds {value} protons.
        At number {value} of the periodic table stands {entity}.
        Its atomic number is {value}.
        There are {value} protons in its nucleus.
        """,
        """
        What is the atomic number of {entity}?
        Which atomic number does {entity} have?
        How many protons does an atom of {entity} hold?
        How many protons are in the nucleus of {entity}?
        {entity} has which atomic number?
        Give the atomic number of {entity}.
        """,
    ),
    relation(
        "atomic_weight",
        "element",
        "number",
        """
        The atomic weight of {entity} is {value}.
        {entity} has an atomic weight of {value}.
        An atom of {entity} weighs {value} atomic mass units.
        A single {entity} atom has a weight of {value}.
        Its atomic weight is {value}.
        One of its atoms weighs {value} atomic mass units.
        """,
        """
        What is the atomic weight of {entity}?
        How much does an atom of {entity} weigh?
        What is the atomic mass of {entity}?
        Which atomic weight does {entity} have?
        How heavy is an atom of {entity}?
        {entity} has what atomic weight?
        """,
    ),
    relation(
        "period",
        "element",
        "number",
        """
        {entity} stands in period {value} of the periodic table.
        The period of {entity} is {value}.
        Period {value} of the periodic table contains {entity}.
        The row of the periodic table that holds {entity} is period {value}.
        It stands in period {value}.
        Period {value} is its row of the periodic table.
        """,
        """
        In which period is {entity}?
        What is the period of {entity}?
        Which row of the periodic table holds {entity}?
        Which period of the periodic table contains {entity}?
        {entity} stands in which period?
        To which period does {entity} belong?
        """,
    ),
    relation(
        "group",
        "element",
        "number",
        """
        {entity} stands in group {value} of the periodic table.
        The group of {entity} is {value}.
        Group {value} of the periodic table contains {entity}.
        The column of the periodic table that holds {entity} is group {value}.
        It stands in group {value}.
        Group {value} is its column of the periodic table.
        """,
        """
        In which group is {entity}?
        What is the group number of {entity}?
        Which column of the periodic table holds {entity}?
        Which group of the periodic table contains {entity}?
        {entity} stands in which group?
        To which numbered group does {entity} belong?
        """,
    ),
    relation(
        "family",
        "element",
        "phrase",
        """
        {entity} belongs to the {value}.
        Chemists count {entity} among the {value}.
        The {value} are the family of {entity}.
        The family of elements that {entity} belongs to is the {value}.
        It belongs to the {value}.
        It is one of the {value}.
        """,
        """
        To which family of elements does {entity} belong?
        What kind of element is {entity}?
        Which family of elements is {entity} part of?
        Among which elements do chemists count {entity}?
        What is the element family of {entity}?
        {entity} is one of which family of elements?
        """,
    ),
    relation(
        "discoverer",
        "element",
        "person",
        """
        {entity} was discovered by {value}.
        {value} discovered {entity}.
        The discoverer of {entity} was {value}.
        To {value} we owe the discovery of {entity}.
        It was discovered by {value}.
        {value} was its discoverer.
        """,
        """
        Who discovered {entity}?
        Who was the discoverer of {entity}?
        By whom was {entity} discovered?
        To whom do we owe the discovery of {entity}?
        Which scientist discovered {entity}?
        Which person found the element {entity}?
        """,
    ),
    relation(
        "discovery_year",
        "element",
        "year",
        """
        {entity} was discovered in {value}.
        The discovery of {entity} came in {value}.
        In {value}, {entity} was discovered.
        The year {value} saw the discovery of {entity}.
        It was discovered in {value}.
        The year {value} saw its discovery.
        """,
        """
        When was {entity} discovered?
        In which year was {entity} discovered?
        What year was {entity} discovered?
        What is the year of the discovery of {entity}?
        {entity} has been known since which year?
        When did the discovery of {entity} come?
        """,
    ),
    relation(
        "discovery_country",
        "element",
        "name",
        """
        The discovery of {entity} was made in {value}.
        {value} is the country where {entity} was discovered.
        {value} is where the discovery of {entity} took place.
        The country of the discovery of {entity} is {value}.
        Its discovery took place in {value}.
        {value} is the country of its discovery.
        """,
        """
        In which country was {entity} discovered?
        Where was {entity} discovered?
        What is the country of the discovery of {entity}?
        Where did the discovery of {entity} take place?
        {entity} was discovered in which country?
        Which country saw the discovery of {entity}?
        """,
    ),
)
