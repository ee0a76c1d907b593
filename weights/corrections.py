"""What was put right by hand in the facts that the two packages hold?

Development time only. Names as people write them, plurals made singular, spellings, and a few errors. Countries go by
the Factbook's two letters (which are not those of the internet), elements by their symbols.
"""

EVERYDAY_NAMES = {  # where the Factbook's short form is missing, has an article, or is not what people write
    "ae": "United Arab Emirates", "bf": "Bahamas", "cf": "Republic of the Congo",
    "cg": "Democratic Republic of the Congo", "ck": "Cocos Islands", "ct": "Central African Republic",
    "dr": "Dominican Republic", "fk": "Falkland Islands", "fm": "Micronesia", "ga": "Gambia", "gz": "Gaza Strip",
    "io": "British Indian Ocean Territory", "sh": "Saint Helena", "sv": "Svalbard", "tb": "Saint Barthélemy",
    "tp": "São Tomé and Príncipe", "uc": "Curaçao", "vq": "United States Virgin Islands", "vt": "Vatican City",
}  # fmt: skip
COUNTRY_CORRECTIONS = {  # what the Factbook says at length
    ("fr", "region"): "Europe", ("fr", "internet_domain"): ".fr", ("up", "region"): "Europe",
    ("ic", "region"): "Europe", ("us", "independence_year"): "1776",
}  # fmt: skip
CURRENCIES = {  # by code, where the Factbook's name is not the one people use
    "XOF": "West African CFA franc", "XAF": "Central African CFA franc", "XPF": "CFP franc", "MNT": "tugrik",
    "PEN": "sol", "BAM": "convertible mark",
}  # fmt: skip
SINGULARS = {  # the Factbook counts currencies "per US dollar", in the plural
    "colones": "colon", "emalangeni": "lilangeni", "koruny": "koruna", "kroner": "krone", "kronor": "krona",
    "kronur": "krona", "lei": "leu", "leke": "lek", "leva": "lev", "maloti": "loti", "markas": "mark",
    "meticais": "metical", "quetzales": "quetzal", "zlotych": "zloty",
}  # fmt: skip
TITLES = {  # words before the name of a head of state
    "Acting", "Affairs", "Amir", "Capt.", "China", "Col.", "Commission", "Confederation", "Council", "Dr.", "Duke",
    "Emperor", "Gen.", "General", "Grand", "Interim", "King", "Leader", "Leadership", "Lord", "Mann", "Minister",
    "Pope", "President", "Presidential", "Prime", "Prince", "Ratu", "Sir", "Sr.", "State", "Sultan", "Supreme",
    "Swiss", "Taliban", "Transition", "Transitional", "and", "of", "the",
}  # fmt: skip
SPELLINGS = {  # of discoverers
    "A. Crawford": "Adair Crawford", "Antoine J. Balard": "Antoine Balard",
    "C.F. Aver von Welsbach": "Carl Auer von Welsbach", "Charles Hatchet": "Charles Hatchett",
    "Fredrich Ernst Dorn": "Friedrich Ernst Dorn", "George Brandt": "Georg Brandt",
    "Fredrich Stromeyer": "Friedrich Stromeyer", "Hans Christian Oersted": "Hans Christian Ørsted",
    "J.L. Soret": "Jacques-Louis Soret", "Johann Arfwedson": "Johan Arfwedson", "Johann Gahn": "Johan Gahn",
    "Marguerite Derey": "Marguerite Perey", "Sir Humphrey Davy": "Humphry Davy",
    "Sir William Crookes": "William Crookes", "Smithson Tenant": "Smithson Tennant",
}  # fmt: skip
ELEMENT_CORRECTIONS = {  # where mendeleev errs or takes a side; "" leaves the fact out
    ("Nd", "discovery_year"): "1885", ("Y", "discovery_year"): "1794", ("Se", "discovery_year"): "1817",
    ("Rn", "discovery_year"): "1900", ("Bh", "discovery_year"): "1981", ("Nh", "discovery_year"): "2004",
    ("Pt", "discoverer"): "", ("Pt", "discovery_country"): "", ("Lv", "discovery_country"): "",
    ("No", "discovery_year"): "", ("No", "discovery_country"): "", ("B", "crystal_structure"): "",
    ("C", "crystal_structure"): "", ("Be", "discoverer"): "",
}  # fmt: skip
