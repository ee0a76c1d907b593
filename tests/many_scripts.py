"""Text as people write it, in many scripts: hypothesis strategies, and a byte-level vocabulary that knows some of them."""

from functools import lru_cache

from hypothesis import strategies as st

from minirag.text.tokenizers import Tokenizer
from tests.small_tokenizers import learned_byte_level

BLOCKS = {
    "ascii": (0x21, 0x7E),
    "latin with accents": (0xC0, 0x24F),
    "combining marks": (0x300, 0x36F),
    "greek": (0x370, 0x3FF),
    "cyrillic": (0x400, 0x4FF),
    "armenian": (0x530, 0x58F),
    "hebrew": (0x590, 0x5FF),
    "arabic": (0x600, 0x6FF),
    "devanagari": (0x900, 0x97F),
    "bengali": (0x980, 0x9FF),
    "tamil": (0xB80, 0xBFF),
    "thai": (0xE00, 0xE7F),
    "tibetan": (0xF00, 0xFFF),
    "georgian": (0x10A0, 0x10FF),
    "hangul jamo": (0x1100, 0x11FF),
    "ethiopic": (0x1200, 0x137F),
    "mongolian": (0x1800, 0x18AF),
    "vietnamese": (0x1E00, 0x1EFF),
    "punctuation and format characters": (0x2000, 0x206F),
    "letterlike and arrows": (0x2100, 0x21FF),
    "kana and cjk punctuation": (0x3000, 0x30FF),
    "cjk": (0x3400, 0x9FFF),
    "hangul": (0xAC00, 0xD7A3),
    "ligatures and compatibility cjk": (0xF900, 0xFB4F),
    "full width": (0xFF00, 0xFFEF),
    "mathematical letters": (0x1D400, 0x1D7FF),
    "emoji": (0x1F300, 0x1FAFF),
    "cjk beyond the basic plane": (0x20000, 0x2A6DF),
    "control characters": (0x00, 0x1F),
    "surrogates": (0xD800, 0xDFFF),
}
PIECES = [
    *["👩‍🔬", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇨🇭", "👍🏽", "e\u0301", "n\u0303", "\ufeff"],
    *["[CLS]", "[SEP]", "[MASK]", "[PAD]", "[UNK]", "<s>", "</s>", "<pad>", "<mask>", "<unk>", "##ing", "[sep]", "<S>"],
    *[
        "İstanbul",
        "ẞ",
        "ﬁ",
        "Å",
        "½",
        "²",
        "don't",
        "it's",
        "we've",
        "what ' s",
        "$3.50",
        "a.b",
        "U.S.",
        "1,000",
        "...",
    ],
    *["\t", "\n", "\r\n", "\u00a0", "\u2028", "\u3000", "  "],
]
words = st.one_of(
    st.sampled_from(PIECES),
    *(
        st.text(st.characters(min_codepoint=first, max_codepoint=last, exclude_categories=[]), min_size=1, max_size=6)
        for first, last in BLOCKS.values()
    ),
)
texts = st.builds(str.join, st.sampled_from(["", " "]), st.lists(words, max_size=8))


def without_surrogates(text: str) -> str:
    """What our tokenizers make of half a character; theirs raise an error."""
    return text.encode("utf-8", "replace").decode("utf-8")


SENTENCES = [
    "The capital of Mongolia is Ulaanbaatar, and people there don't pay in euros. How many people live in it?",
    "Die Hauptstadt der Schweiz heißt Bern; früher war es Zürich. Wie viele Menschen leben dort?",
    "Où est la gare ? C'est près de l'église, à côté du café. ¿Dónde está la estación? El niño comió mañana en España.",
    "Đây là thủ đô của Việt Nam, phải không? Η Αθήνα είναι η πρωτεύουσα της Ελλάδας.",
    "Столица Монголии называется Улан-Батор. Сколько людей там живёт?",
    "عاصمة مصر هي القاهرة، وكم عدد سكانها؟ ירושלים היא עיר הבירה, וכמה אנשים גרים בה?",
    "भारत की राजधानी नई दिल्ली है। वहाँ कितने लोग रहते हैं? ประเทศไทยมีเมืองหลวงชื่อกรุงเทพมหานคร",
    "日本の首都は東京です。人口は何人ですか？ 中国的首都是北京，人口有多少？ 대한민국의 수도는 서울입니다.",
]


@lru_cache
def byte_level_of_many_scripts() -> Tokenizer:
    """800 pieces learned from sentences in fourteen languages: some characters are one token, others several."""
    return learned_byte_level(SENTENCES, vocab_size=800)
