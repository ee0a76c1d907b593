"""Where does training data come from that holds no real fact? From worlds that are made up afresh for every batch.

Paper     none; the demo model's own: what it says about the real world can only come from the passages it is given
Tutorial  tutorials/17_training_rag.py
Tests     tests/world/test_invented.py

Names are joined from the pieces of whole vocabularies. Names made from a few syllables would be easier to learn
and useless: real names use subwords that such a model would never have met.
"""

from collections.abc import Sequence
from random import Random

from minirag.world.facts import Fact
from minirag.world.relations import COUNTRY_RELATIONS, ELEMENT_RELATIONS, RELATION_BY_NAME, Relation

MODIFIERS = ("New", "North", "South", "East", "West", "Saint", "Upper", "Lower", "Great", "Republic of", "Isle of")
ENDINGS = ("Islands", "Republic", "Island", "Territory", "and")
ACCENTED = "áàâãäåçéèêëíìîïñóòôõöøúùûüýšžčćğışțăłńőũāīū"
UNITS = ("sq km", "km", "m", "°C", "K", "g/cm³", "million", "percent", "kg", "pm", "eV", "people")
SUFFIXES = ("", "n", "an", "ian", "ese", "i", "ish", "er", "ic", " City")
SMALL_WORDS = ("of", "de", "and", "the", "el", "van", "la", "in", "for")


class Inventor:
    """Makes up names and values from pieces of a vocabulary. Everything is drawn from the `Random` it is handed."""

    def __init__(self, pieces: Sequence[str]) -> None:
        """pieces: the decoded tokens of a vocabulary, or of more; those made of letters are used."""
        letters = sorted({piece.strip() for piece in pieces if piece.strip().isalpha()})
        if not letters:
            raise ValueError("the vocabulary has no piece made of letters")
        self.starts = letters
        self.words = sorted({piece.strip().lower() for piece in pieces if piece[:1] == " " and len(piece) > 3})
        self.inner = sorted({piece.lower() for piece in letters})

    def word(self, rng: Random) -> str:
        """One to four pieces, rarely with an accent, a hyphen or an apostrophe; 2 to 14 letters."""
        if rng.random() < 0.25:
            return rng.choice(self.words)
        word = "".join(rng.choice(self.inner) for _ in range(rng.choice((1, 2, 2, 3, 3, 4))))[:14]
        if len(word) < 2:
            word += rng.choice(self.inner)
        if rng.random() < 0.08:
            place = rng.randrange(len(word))
            word = word[:place] + rng.choice(ACCENTED) + word[place + 1 :]
        if rng.random() < 0.04:
            word = word[: len(word) // 2 + 1] + rng.choice("-'") + self.capital(rng.choice(self.inner))
        return word

    @staticmethod
    def capital(word: str) -> str:
        return word[:1].upper() + word[1:]

    def name(self, rng: Random) -> str:
        """A proper name of one to four words."""
        words = [self.capital(self.word(rng)) for _ in range(rng.choice((1, 1, 1, 2, 2, 3)))]
        if len(words) > 1 and rng.random() < 0.15:
            words.insert(1, rng.choice(SMALL_WORDS))
        return " ".join(words)

    def person(self, rng: Random) -> str:
        words = [self.capital(self.word(rng)) for _ in range(rng.choice((2, 2, 2, 3)))]
        if rng.random() < 0.15:
            words.insert(1, rng.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ") + ".")
        return " ".join(words)

    def phrase(self, rng: Random) -> str:
        words = [self.word(rng).lower() for _ in range(rng.choice((1, 1, 2, 2, 3, 4)))]
        if len(words) > 2 and rng.random() < 0.3:
            words.insert(len(words) - 1, rng.choice(SMALL_WORDS))
        return " ".join(words)

    def code(self, rng: Random) -> str:
        letters = "".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(rng.choice((1, 2, 2, 2, 3))))
        shape = rng.randrange(5)
        if shape == 0:
            return "." + letters
        if shape == 1:
            return letters.capitalize()
        if shape == 2:
            return letters.upper()
        sign = rng.choice("+-−")
        return f"UTC{sign}{rng.randrange(15)}" + rng.choice(("", "", ":30", ":45", ":00"))

    @staticmethod
    def year(rng: Random) -> str:
        return str(rng.randrange(1200, 2030) if rng.random() < 0.95 else rng.randrange(100, 1200))

    @staticmethod
    def number(rng: Random) -> str:
        """Whole or decimal, of any size, with or without thousands separators."""
        value = rng.randrange(10 ** rng.randrange(1, 10))
        shape = rng.randrange(5)
        if shape == 4:
            return str(rng.randrange(200))
        if shape == 0:
            return f"{value:,}"
        if shape == 1:
            return f"{value % 10_000}.{rng.randrange(10 ** rng.randrange(1, 4))}"
        return f"{'-' if shape == 2 and rng.random() < 0.3 else ''}{value if shape == 2 else value % 1000}"

    def quantity(self, rng: Random) -> str:
        unit = rng.choice(UNITS) if rng.random() < 0.8 else self.word(rng)
        return f"{self.number(rng)} {unit}" if rng.random() < 0.9 else self.number(rng)

    def value(self, value_kind: str, rng: Random) -> str:
        """A value of a relation; one in ten has the shape of another kind, so that no shape gives a relation away."""
        kind = value_kind if rng.random() < 0.9 else rng.choice(("name", "person", "phrase", "number", "quantity"))
        makers = {
            "name": self.name,
            "person": self.person,
            "phrase": self.phrase,
            "code": self.code,
            "year": self.year,
            "number": self.number,
            "quantity": self.quantity,
        }
        made = makers[kind](rng)
        return made.lower() if kind == "name" and rng.random() < 0.15 else made

    def value_of(self, relation: str, rng: Random) -> str:
        return self.value(RELATION_BY_NAME[relation].value_kind, rng)

    def entity(self, rng: Random) -> str:
        """The name of a country or element."""
        name = self.name(rng)
        return name if rng.random() < 0.9 else f"{rng.choice(MODIFIERS)} {name}"

    def relative(self, entity: str, rng: Random) -> str:
        """Another entity whose name shares words with this one's, as Guinea and Guinea-Bissau do, or letters, as Niger and
        Nigeria.
        """
        shape = rng.randrange(6)
        if shape == 0:
            return f"{rng.choice(MODIFIERS)} {entity}"
        if shape == 1:
            return f"{entity} {rng.choice(ENDINGS[:-1])}"
        if shape == 2:
            return f"{entity}-{self.capital(self.word(rng))}"
        if shape == 3:
            other = f"{' '.join(entity.split()[:-1])} {self.capital(self.word(rng))}".strip()
            return other if other != entity else self.relative(entity, rng)
        return self.respelt(entity, rng)

    def respelt(self, entity: str, rng: Random) -> str:
        """The same beginning with another end."""
        kept = rng.randint(2, max(2, len(entity) - 1))
        end = rng.choice(self.inner)
        return entity[:kept] + (end if end != entity[kept:] else 2 * end)

    def facts(self, entity: str, kind: str, how_many: int, rng: Random) -> list[Fact]:
        """`how_many` facts of one entity, each of another relation."""
        relations: Sequence[Relation] = COUNTRY_RELATIONS if kind == "country" else ELEMENT_RELATIONS
        drawn = rng.sample(relations, min(how_many, len(relations)))
        return [
            Fact(entity, kind, relation.name, self.derived(entity, rng))
            if relation.value_kind == "name" and rng.random() < 0.1
            else Fact(entity, kind, relation.name, self.value(relation.value_kind, rng))
            for relation in drawn
        ]

    def derived(self, entity: str, rng: Random) -> str:
        """A value made from the entity's own name, as Mongolian from Mongolia or Swiss franc from Switzerland."""
        stem = entity[: rng.randint(max(2, len(entity) - 3), max(2, len(entity)))]
        name = stem + rng.choice(SUFFIXES)
        return name if rng.random() < 0.6 else f"{name} {self.word(rng)}"
