"""How are the facts of a country's people put into words? Their number, name, language and religion.

Paper     RAG §3
Tutorial  tutorials/00_rag_in_one_page.py
Tests     tests/world/test_relations.py
"""

from minirag.world.relation import relation

PEOPLE_RELATIONS = (
    relation(
        "population",
        "country",
        "quantity",
        """
        The population of {entity} is {value}.
        {entity} has a population of {value}.
        About {value} people live in {entity}.
        The number of people in {entity} is {value}.
        Its population is {value}.
        It is home to {value} people.
        """,
        """
        What is the population of {entity}?
        How many people live in {entity}?
        How many inhabitants does {entity} have?
        What is the number of people in {entity}?
        {entity} is home to how many people?
        How large is the population of {entity}?
        """,
    ),
    relation(
        "demonym",
        "country",
        "name",
        """
        Someone from {entity} is called {value}.
        A citizen of {entity} is known as {value}.
        {value} is the word for a person from {entity}.
        A native of {entity} goes by the name of {value}.
        One of its people is called {value}.
        {value} is the word for one of its citizens.
        """,
        """
        What is someone from {entity} called?
        What do you call a person from {entity}?
        What is a citizen of {entity} known as?
        What is the word for a person from {entity}?
        What is the demonym of {entity}?
        How is a native of {entity} called?
        """,
    ),
    relation(
        "official_language",
        "country",
        "name",
        """
        The official language of {entity} is {value}.
        {value} is the official language of {entity}.
        In {entity}, {value} is the language of the law.
        The laws of {entity} are written in {value}, its official language.
        Its official language is {value}.
        {value} is its official language.
        """,
        """
        What is the official language of {entity}?
        Which language is official in {entity}?
        What language are the laws of {entity} written in?
        In which language is {entity} officially run?
        {entity} has which official language?
        Name the official language of {entity}.
        """,
    ),
    relation(
        "religion",
        "country",
        "name",
        """
        The largest religious group in {entity} is {value}.
        {value} is the largest religious group in {entity}.
        By faith, most believers in {entity} are {value}.
        No religious group in {entity} is larger than the one named {value}.
        Its largest religious group is {value}.
        {value} is its largest religious group.
        """,
        """
        What is the largest religious group in {entity}?
        Which religion is the largest in {entity}?
        What is the main religion of {entity}?
        What faith do most believers in {entity} have?
        Which faith has the most followers in {entity}?
        {entity} has which largest religion?
        """,
    ),
)
