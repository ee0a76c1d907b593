"""Where do spaces go when word pieces become a sentence again? `clean_up_tokenization_spaces` of tokenizer_config.json.

Paper     none
Tutorial  tutorials/01_tokenizers.py
Tests     tests/crosscheck/test_tokenizers.py

`what ' s up ?` → `what's up?`. Byte-level BPE needs none of it: its ids hold every space.
"""

REPLACED = {
    " .": ".",
    " ?": "?",
    " !": "!",
    " ,": ",",
    " ' ": "'",
    " n't": "n't",
    " 'm": "'m",
    " 's": "'s",
    " 've": "'ve",
    " 're": "'re",
}


def cleaned_up(text: str) -> str:
    """Each replacement everywhere, in this order."""
    for spaced, joined in REPLACED.items():
        text = text.replace(spaced, joined)
    return text
