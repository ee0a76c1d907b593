"""How are the facts of a country's land put into words? The capital, highest point, area and the like.

Paper     RAG §3
Tutorial  tutorials/00_rag_in_one_page.py
Tests     tests/world/test_relations.py
"""

from minirag.world.relation import relation

LAND_RELATIONS = (
    relation(
        "capital",
        "country",
        "name",
        """
        The capital of {entity} is {value}.
        {value} is the capital of {entity}.
        {entity} is governed from its capital, {value}.
        In {entity}, {value} serves as the capital city.
        Its capital is {value}.
        {value} is its capital city.
        """,
        """
        What is the capital of {entity}?
        Which city is the capital of {entity}?
        What is the name of the capital city of {entity}?
        {entity} has which capital?
        Can you tell me the capital of {entity}?
        From which capital is {entity} governed?
        Name the capital of {entity}.
        """,
    ),
    relation(
        "highest_point",
        "country",
        "name",
        """
        The highest point of {entity} is {value}.
        {value} is the highest point in {entity}.
        Nothing in {entity} rises above {value}, its highest point.
        The land of {entity} reaches its greatest height at {value}.
        Its highest point is {value}.
        {value} is higher than any other place there.
        """,
        """
        What is the highest point of {entity}?
        Which place in {entity} is the highest?
        What is the name of the highest point in {entity}?
        Where does the land of {entity} reach its greatest height?
        Which is the highest mountain or hill in {entity}?
        {entity} rises highest at which point?
        Name the highest point of {entity}.
        """,
    ),
    relation(
        "lowest_point",
        "country",
        "name",
        """
        The lowest point of {entity} is {value}.
        {value} is the lowest point in {entity}.
        Nothing in {entity} lies below {value}, its lowest point.
        The land of {entity} is lowest at {value}.
        Its lowest point is {value}.
        {value} lies lower than any other place there.
        """,
        """
        What is the lowest point of {entity}?
        Which place in {entity} is the lowest?
        What is the name of the lowest point in {entity}?
        Where is the land of {entity} lowest?
        {entity} is lowest at which point?
        At which place does {entity} reach its lowest level?
        Name the lowest point of {entity}.
        """,
    ),
    relation(
        "area",
        "country",
        "quantity",
        """
        The total area of {entity} is {value}.
        {entity} covers an area of {value}.
        An area of {value} is covered by {entity}.
        In all, {value} of land and water make up {entity}.
        Its total area is {value}.
        It covers {value} in all.
        It has a surface of {value}.
        """,
        """
        What is the total area of {entity}?
        How large is {entity}?
        How big is the area of {entity}?
        What area does {entity} cover?
        How much surface does {entity} have?
        How many square kilometers does {entity} cover?
        {entity} covers how large an area?
        """,
    ),
    relation(
        "coastline",
        "country",
        "quantity",
        """
        The coastline of {entity} is {value} long.
        {entity} has a coastline of {value}.
        Along {value} of coast, {entity} meets the sea.
        The coast of {entity} has a length of {value}.
        Its coastline is {value} long.
        It has {value} of coast.
        """,
        """
        How long is the coastline of {entity}?
        What is the length of the coast of {entity}?
        How many kilometers of coast does {entity} have?
        How long is the coast of {entity}?
        What length of coastline does {entity} have?
        {entity} meets the sea along a coast of what length?
        """,
    ),
    relation(
        "region",
        "country",
        "name",
        """
        {entity} is found on maps of {value}.
        On the map, {entity} is part of {value}.
        {entity} lies in the region called {value}.
        The region to which {entity} belongs is {value}.
        It belongs to the region called {value}.
        {value} is its region of the world.
        """,
        """
        In which region of the world is {entity}?
        Where in the world is {entity}?
        Which part of the world does {entity} belong to?
        To which region does {entity} belong?
        {entity} is located in which region?
        On the map of which region is {entity} found?
        What region is {entity} in?
        """,
    ),
    relation(
        "time_zone",
        "country",
        "code",
        """
        The time zone of {entity} is {value}.
        Clocks in {entity} are set to {value}.
        {value} is the time zone used in {entity}.
        Standard time in {entity} is {value}.
        Its clocks are set to {value}.
        {value} is its time zone.
        """,
        """
        What is the time zone of {entity}?
        Which time zone is used in {entity}?
        To which time are clocks in {entity} set?
        What is standard time in {entity}?
        {entity} is in which time zone?
        In what time zone does {entity} lie?
        """,
    ),
    relation(
        "internet_domain",
        "country",
        "code",
        """
        The internet domain of {entity} is {value}.
        Web addresses in {entity} end in {value}.
        {entity} uses {value} as its internet country code.
        On the internet, {value} stands for {entity}.
        Its internet domain is {value}.
        Its web addresses end in {value}.
        """,
        """
        What is the internet domain of {entity}?
        How do web addresses in {entity} end?
        What is the internet country code of {entity}?
        Which domain stands for {entity} on the internet?
        What do web addresses in {entity} end in?
        Which internet domain does {entity} use?
        {entity} has which internet domain?
        """,
    ),
)
