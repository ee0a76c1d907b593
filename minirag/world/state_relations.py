"""How are the facts of a country's state put into words? The currency, head of state, main export and the like.

Paper     RAG §3
Tutorial  tutorials/00_rag_in_one_page.py
Tests     tests/world/test_relations.py
"""

from minirag.world.relation import relation

STATE_RELATIONS = (
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
