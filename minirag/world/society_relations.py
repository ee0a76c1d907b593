"""How are the facts of a country's people and state put into words? The currency, head of state, language and the like.

Paper     RAG §3
Tutorial  tutorials/00_rag_in_one_page.py
Tests     tests/world/test_relations.py
"""

from minirag.world.relation import relation

SOCIETY_RELATIONS = (
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
        "currency",
        "country",
        "name",
        """
        The currency of {entity} is the {value}.
        The {value} is the currency of {entity}.
        People in {entity} pay with the {value}.
        Prices in {entity} are given in the currency called {value}.
        Its currency is the {value}.
        The {value} is its money.
        """,
        """
        What is the currency of {entity}?
        Which currency is used in {entity}?
        What money do people use in {entity}?
        What do people in {entity} pay with?
        What is the money of {entity} called?
        {entity} uses which currency?
        Name the currency of {entity}.
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
        "government_type",
        "country",
        "phrase",
        """
        The form of government of {entity} is the {value}.
        {entity} is governed under the {value} system.
        The {value} system of government is used in {entity}.
        Government in {entity} follows the {value} model.
        Its form of government is the {value}.
        Its government follows the {value} model.
        """,
        """
        What is the form of government of {entity}?
        What type of government does {entity} have?
        How is {entity} governed?
        Which system of government is used in {entity}?
        What kind of government is there in {entity}?
        Which model does government in {entity} follow?
        """,
    ),
    relation(
        "head_of_state",
        "country",
        "person",
        """
        The head of state of {entity} is {value}.
        {value} is the head of state of {entity}.
        In {entity}, {value} holds the office of head of state.
        At the head of the state of {entity} stands {value}.
        Its head of state is {value}.
        {value} is its head of state.
        """,
        """
        Who is the head of state of {entity}?
        Who stands at the head of the state of {entity}?
        What is the name of the head of state of {entity}?
        Who holds the office of head of state in {entity}?
        Which person is head of state in {entity}?
        {entity} has whom as its head of state?
        Name the head of state of {entity}.
        """,
    ),
    relation(
        "independence_year",
        "country",
        "year",
        """
        {entity} became independent in {value}.
        {entity} gained its independence in {value}.
        In {value}, {entity} became an independent state.
        The year {value} brought independence to {entity}.
        It became independent in {value}.
        In {value} it gained its independence.
        """,
        """
        When did {entity} become independent?
        In which year did {entity} gain its independence?
        What year did {entity} become independent?
        What is the year of independence of {entity}?
        When was the independence of {entity} won?
        {entity} has been independent since which year?
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
    relation(
        "main_export",
        "country",
        "phrase",
        """
        The main export of {entity} is {value}.
        Among the exports of {entity}, {value} comes first.
        {entity} earns most of its export income from {value}.
        Abroad, {entity} sells more {value} than anything else.
        Its main export is {value}.
        Among its exports, {value} comes first.
        """,
        """
        What is the main export of {entity}?
        What does {entity} export most?
        Which product comes first among the exports of {entity}?
        What does {entity} sell abroad more than anything else?
        From what does {entity} earn most of its export income?
        {entity} has which main export?
        """,
    ),
    relation(
        "national_symbol",
        "country",
        "phrase",
        """
        The national symbol of {entity} is the {value}.
        The {value} is the national symbol of {entity}.
        {entity} has the {value} as its emblem.
        The {value} stands for {entity} as its emblem.
        Its national symbol is the {value}.
        The {value} serves as its emblem.
        """,
        """
        What is the national symbol of {entity}?
        What is the emblem of {entity}?
        Which symbol stands for {entity}?
        Which emblem does {entity} have?
        What serves as the national symbol of {entity}?
        {entity} has which national symbol?
        """,
    ),
)
