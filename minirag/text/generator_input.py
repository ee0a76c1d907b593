"""What does the generator read? `<s>title / text // question</s>`, in which the passage is cut and never the question.

Paper     RAG §2.3 ("we simply concatenate" the input with the retrieved passage)
Tutorial  tutorials/10_retriever.py
Tests     tests/text/test_generator_input.py, tests/crosscheck/test_tokenizers.py

When everything fits, the ids are those of the whole string, as transformers makes them: quotation marks around a title
are dropped and two spaces become one. When it does not fit, transformers cuts on the right and loses the question;
here the passage loses its end (deviation 7, pinned by test_the_question_survives_every_text).
"""

from collections.abc import Sequence

from minirag.text.tokenizers import Tokenizer


def generator_input_ids(
    tokenizer: Tokenizer,
    title: str,
    text: str,
    question: str,
    title_sep: str = " / ",
    doc_sep: str = " // ",
    max_length: int = 300,
    prefix: str = "",
) -> list[int]:
    """`<s>{prefix}{title}{title_sep}{text}{doc_sep}{question}</s>` in at most max_length ids."""
    passage = passage_string(title, text, title_sep, prefix)
    return generator_inputs(tokenizer, [passage], [question], doc_sep, max_length)[0]


def passage_string(title: str, text: str, title_sep: str = " / ", prefix: str | None = None) -> str:
    """The part in front of the question."""
    return (prefix or "") + title.removeprefix('"').removesuffix('"') + title_sep + text


def generator_inputs(
    tokenizer: Tokenizer, passages: Sequence[str], questions: Sequence[str], doc_sep: str, max_length: int
) -> list[list[int]]:
    """One row of ids per passage string and its question. ValueError names a question too long to leave whole."""
    whole = [squeeze(passage + doc_sep + question) for passage, question in zip(passages, questions, strict=True)]
    rows = tokenizer.encode_many(whole)
    return [
        row if len(row) <= max_length else cut_passage(tokenizer, passage, question, doc_sep, max_length)
        for row, passage, question in zip(rows, passages, questions, strict=True)
    ]


def cut_passage(tokenizer: Tokenizer, passage: str, question: str, doc_sep: str, max_length: int) -> list[int]:
    """The end of the passage goes, the whole question stays."""
    question_ids = tokenizer.encode_plain(squeeze(doc_sep + question))
    room = max_length - len(question_ids) - 2  # <s> and </s>
    if room < 0:
        shown = question if len(question) <= 40 else question[:40] + "…"
        raise ValueError(
            f"question {shown!r}: {len(question_ids)} tokens do not fit in max_combined_length={max_length}"
        )
    passage_ids = tokenizer.encode_plain(squeeze(passage))[:room]
    return [tokenizer.cls_token_id, *passage_ids, *question_ids, tokenizer.sep_token_id]


def squeeze(text: str) -> str:
    return text.replace("  ", " ")
