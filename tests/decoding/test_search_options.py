"""Is a search that makes no sense refused with the reason, and does what is given go before what a config says?"""

from types import SimpleNamespace

import pytest
import torch

from minirag.configuration import BartConfig
from minirag.decoding.search_options import SearchOptions, for_rows, options_for
from tests.decoding.tabled_model import EOS, PAD, START, options

CONFIG = BartConfig(vocab_size=9)

NONSENSE = [
    ({"num_beams": 0}, "num_beams=0 must be at least 1"),
    ({"num_return_sequences": 0}, "num_return_sequences=0 must be at least 1"),
    ({"early_stopping": "always"}, "early_stopping='always' is neither True nor False nor 'never'"),
    ({"length_penalty": float("inf")}, "length_penalty=inf is not a finite number"),
    ({"length_penalty": float("nan")}, "length_penalty=nan is not a finite number"),
    ({"max_length": 1}, "max_length=1 leaves no room for a token after the start token"),
    ({"max_length": 4, "min_length": 5}, "min_length=5 is not between 0 and max_length=4"),
    ({"min_length": -1}, "min_length=-1 is not between 0 and max_length=20"),
    ({"repetition_penalty": 0.0}, "repetition_penalty=0.0 must be above 0"),
    ({"repetition_penalty": float("nan")}, "repetition_penalty=nan must be above 0"),
    ({"no_repeat_ngram_size": -1}, "no_repeat_ngram_size=-1 must not be negative"),
    ({"bad_words_ids": []}, "bad_words_ids=[] holds no word, or an empty one"),
    ({"bad_words_ids": [[3], []]}, "bad_words_ids=[[3], []] holds no word, or an empty one"),
    ({"bad_words_ids": [[3, -4]]}, "bad_words_ids: token id -4 is negative"),
    ({"forced_bos_token_id": -1}, "forced_bos_token_id: token id -1 is negative"),
    ({"forced_eos_token_id": -1}, "forced_eos_token_id: token id -1 is negative"),
    ({"do_sample": True, "num_beams": 2}, "do_sample=True draws token by token: num_beams=2 has no part in it, give 1"),
    ({"temperature": 0.5}, "temperature=0.5 has no effect without do_sample=True"),
    ({"top_k": 5}, "top_k=5 has no effect without do_sample=True"),
    ({"top_p": 0.5}, "top_p=0.5 has no effect without do_sample=True"),
    ({"seed": 0}, "seed=0 has no effect without do_sample=True"),
    ({"do_sample": True, "temperature": 0.0}, "temperature=0.0 must be above 0 (greedy search: do_sample=False)"),
    ({"do_sample": True, "top_k": -1}, "top_k=-1 must not be negative (0: no limit)"),
    ({"do_sample": True, "top_p": 1.5}, "top_p=1.5 is not between 0 and 1"),
    ({"do_sample": True, "top_p": -0.5}, "top_p=-0.5 is not between 0 and 1"),
]


def complaint(make, **settings) -> str:
    with pytest.raises(ValueError) as caught:
        make(**settings)
    return str(caught.value)


@pytest.mark.parametrize(("settings", "expected"), NONSENSE, ids=[expected for _, expected in NONSENSE])
def test_what_makes_no_sense_is_named_with_the_reason(settings, expected):
    assert complaint(options, **settings) == expected


@pytest.mark.parametrize(
    "settings",
    [
        {"num_beams": 1, "num_return_sequences": 1, "min_length": 0},
        {"num_beams": 3, "num_return_sequences": 3},
        {"max_length": 2, "min_length": 2},
        {"do_sample": True, "num_return_sequences": 7, "top_k": 0, "top_p": 0.0, "seed": 0},
        {"do_sample": True, "top_p": 1.0, "temperature": 0.01},
        {"temperature": 1.0, "top_k": 50, "top_p": 1.0},  # what they are anyway
        {"length_penalty": 2.0, "early_stopping": True},  # of beams: no harm where there is one
        {"bad_words_ids": [[0]], "forced_bos_token_id": 0, "forced_eos_token_id": 0, "repetition_penalty": 0.5},
        *({"num_beams": 2, "early_stopping": value} for value in (True, False, "never")),
    ],
)
def test_what_makes_sense_is_taken_as_it_is(settings):
    made = options(**settings)
    assert {name: getattr(made, name) for name in settings} == settings


def test_beams_are_prefixes_side_by_side_and_so_are_samples():
    assert options().width == 1
    assert options(num_beams=5, num_return_sequences=2).width == 5
    assert options(do_sample=True, num_return_sequences=4).width == 4


def test_what_is_given_goes_before_the_config_and_none_is_not_given():
    config = BartConfig(vocab_size=9, num_beams=4, length_penalty=2.0, no_repeat_ngram_size=3, early_stopping=True)
    found = options_for(config, {"num_beams": 2, "length_penalty": None, "no_repeat_ngram_size": 0})
    assert (found.num_beams, found.length_penalty, found.no_repeat_ngram_size, found.early_stopping) == (
        2,
        2.0,
        0,
        True,
    )
    assert (found.decoder_start_token_id, found.eos_token_id, found.pad_token_id) == (2, 2, 1)
    assert options_for(config, {"decoder_start_token_id": 0}).decoder_start_token_id == 0


def test_without_config_settings_the_defaults_are_those_of_the_options():
    assert options_for(CONFIG, {}) == SearchOptions(decoder_start_token_id=2, eos_token_id=2, pad_token_id=1)


def test_an_unknown_setting_is_named():
    assert complaint(lambda: options_for(CONFIG, {"num_beam": 4, "typical_p": 0.9})) == (
        "there is no setting num_beam, typical_p"
    )


@pytest.mark.parametrize("name", ["forced_bos_token_id", "forced_eos_token_id", "decoder_start_token_id"])
def test_a_token_id_outside_the_vocabulary_is_named(name):
    assert getattr(options_for(CONFIG, {name: 8}), name) == 8
    assert complaint(lambda: options_for(CONFIG, {name: 9})) == f"{name}: token id 9 is not in the vocabulary of 9"


def test_a_bad_word_outside_the_vocabulary_is_named():
    words = {"bad_words_ids": [[8], [1, 9]]}
    assert complaint(lambda: options_for(CONFIG, words)) == "bad_words_ids: token id 9 is not in the vocabulary of 9"


# --- lengths


def test_max_new_tokens_does_not_count_the_start_token():
    assert options_for(CONFIG, {"max_new_tokens": 5}).max_length == 6
    assert options_for(CONFIG, {"max_new_tokens": 1}).max_length == 2


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"max_new_tokens": 0}, "max_new_tokens=0 must be at least 1"),
        (
            {"max_new_tokens": 5, "max_length": 6},
            "max_length and max_new_tokens both say where to stop: give one of them",
        ),
        ({"max_new_tokens": 5, "min_length": 7}, "min_length=7 is not between 0 and max_length=6"),
    ],
)
def test_lengths_that_contradict_one_another_are_refused(settings, expected):
    assert complaint(lambda: options_for(CONFIG, settings)) == expected


def test_a_given_length_goes_before_both_lengths_of_the_config():
    config = BartConfig(vocab_size=9, max_length=100, max_new_tokens=30, min_length=56)
    assert options_for(config, {}).max_length == 31
    assert options_for(config, {"max_length": 80}).max_length == 80
    assert options_for(config, {"max_new_tokens": 7}).max_length == 8


def test_a_min_length_of_the_config_gives_way_to_a_shorter_max_length():
    """No eos before the end either way; only a min_length that was given with it contradicts max_length."""
    config = BartConfig(vocab_size=9, max_length=142, min_length=56)
    assert options_for(config, {}).min_length == 56
    assert options_for(config, {"max_length": 20}).min_length == 20
    assert complaint(lambda: options_for(config, {"max_length": 20, "min_length": 56})).startswith("min_length=56")


# --- sampling


def test_sampling_settings_of_the_config_wait_until_there_is_sampling():
    config = BartConfig(vocab_size=9, temperature=0.7, top_k=3, top_p=0.9)
    assert options_for(config, {}) == options_for(CONFIG, {})
    found = options_for(config, {"do_sample": True, "top_k": 4})
    assert (found.temperature, found.top_k, found.top_p) == (0.7, 4, 0.9)
    assert complaint(lambda: options_for(config, {"top_k": 4})) == "top_k=4 has no effect without do_sample=True"


def test_a_config_that_samples_can_be_told_not_to():
    config = BartConfig(vocab_size=9, do_sample=True, temperature=0.7)
    assert options_for(config, {}).do_sample and options_for(config, {}).temperature == 0.7
    assert options_for(config, {"do_sample": False}) == options_for(CONFIG, {})


# --- one batch for several questions


def test_rows_are_asked_about_as_the_question_they_belong_to():
    asked = []

    def allowed(question, prefix):
        asked.append((question, prefix.tolist()))
        return [4]

    rows = for_rows(options(prefix_allowed_tokens_fn=allowed, num_beams=3), [5, 5, 7])
    assert [rows.prefix_allowed_tokens_fn(r, torch.tensor([r])) for r in range(3)] == [[4]] * 3
    assert asked == [(5, [0]), (5, [1]), (7, [2])] and rows.num_beams == 3
    assert for_rows(options(), [0, 1]) == options()


def test_any_object_with_the_names_serves_as_config():
    ids = {"decoder_start_token_id": START, "eos_token_id": EOS, "pad_token_id": PAD}
    config = SimpleNamespace(**ids, max_length=7, min_length=0, vocab_size=4, d_model=3)
    assert options_for(config, {}) == options(max_length=7)
    assert options_for(SimpleNamespace(**vars(config), temperature=0.7), {}) == options(max_length=7)
