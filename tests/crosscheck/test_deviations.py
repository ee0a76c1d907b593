"""The twelve places where transformers 5.23.0 is wrong: its number, minirag's, and the one that enumeration gives.

Each test runs transformers' own code. What is stood in for: datasets and faiss (stand_ins.py, 6 to 8 and 12), and in 6 and 10
the question encoder, by one that always answers the same vector. docs/deviations.md shows the numbers; the
differences found later are in test_later_deviations.py.
"""

import math

import pytest
import torch
from transformers import logging
from transformers.models.dpr.modeling_dpr import DPRQuestionEncoderOutput

from minirag.outputs import DPROutput
from minirag.rag import RagSequenceForGeneration, RagTokenForGeneration
from minirag.retrieval.construction import build_knowledge_base
from minirag.retrieval.passages import Passage
from minirag.retrieval.retriever import RagRetriever
from tests.crosscheck.by_hand import assert_documented, logits_of, sequence_nll, softmax, table_of
from tests.crosscheck.rag_pairs import BOS, EOS, LABELS, PAD, START, contexts, pair, questions, their_retriever
from tests.crosscheck.stand_ins import their_index, their_legacy_index
from tests.small_rag import PASSAGES, small_knowledge_base
from tests.small_tokenizers import rag_tokenizer, word_piece

logging.disable_progress_bar()
logging.set_verbosity_error()
V = 8  # the vocabulary of the tables that are written by hand


@pytest.fixture(scope="module")
def knowledge_base(tmp_path_factory):
    return small_knowledge_base(tmp_path_factory.mktemp("kb") / "knowledge_base")


@pytest.fixture(scope="module")
def sequence(tmp_path_factory):
    """RAG-Sequence of both, float64, without a retriever."""
    made = pair(RagSequenceForGeneration, tmp_path_factory.mktemp("pair") / "model")
    made.ours.double(), made.theirs.double()
    return made


def test_deviation_01_the_prior_of_an_answer_of_one_token(sequence):
    """Two passages, p(z|x) = 0.9 and 0.1, under which the empty answer has probability 0.5 and 0.9."""
    prior, table = [0.9, 0.1], [[0.5], [0.9]]
    scores = torch.tensor([prior], dtype=torch.float64).log().requires_grad_()
    logits = logits_of([[{EOS: 0.5}, {}], [{EOS: 0.9}, {}]], V)
    labels = torch.tensor([[START, EOS]])
    theirs = sequence.theirs.get_nll(logits, scores, labels, n_docs=2)
    assert math.exp(-theirs.item()) == pytest.approx(1.4)  # a probability above 1: the prior is not in it
    assert not torch.autograd.grad(theirs, scores)[0].any()  # so the question encoder learns nothing
    ours = sequence.ours.get_nll(logits, scores, labels)
    assert_documented(1, theirs.item(), ours.item(), sequence_nll(prior, table))
    assert torch.autograd.grad(ours, scores)[0].abs().max() > 0.01


def test_deviation_02_labels_beside_decoder_input_ids_are_not_scored(sequence):
    """Both are given and agree, but the token 170 is not to be scored."""
    given, answer = contexts(B=1), LABELS[:1]
    unscored = answer.masked_fill(answer == 170, -100)
    theirs = sequence.theirs(**given, labels=unscored, decoder_input_ids=answer).loss
    ours = sequence.ours(**given, labels=unscored, decoder_input_ids=answer).loss
    prior = softmax(given["doc_scores"][0].tolist())
    table = table_of(sequence.theirs.generator, given, 0, answer[0].tolist())
    assert_documented(2, theirs.item(), ours.item(), sequence_nll(prior, [[p[0], *p[2:]] for p in table]))
    assert theirs.item() == pytest.approx(sequence_nll(prior, table), abs=1e-5)
    with pytest.raises(ValueError, match="labels and decoder_input_ids disagree"):
        sequence.ours(**given, labels=answer, decoder_input_ids=answer + 1)
    assert sequence.theirs(**given, labels=answer, decoder_input_ids=answer + 1).loss.isfinite().all()


def test_deviation_03_another_n_docs_than_the_config_says_in_generate(knowledge_base, tmp_path):
    """config.n_docs is 3. With a retriever: searched with 2, scored with 3, and retrieved again for every question."""
    both = pair(RagSequenceForGeneration, tmp_path / "model", knowledge_base)
    settings = {"num_beams": 2, "max_length": 6, "n_docs": 2}
    with pytest.raises(AssertionError, match="should be a multiple of `n_docs`=3, but is"):
        both.theirs.generate(**first_passages(contexts(), 2), **settings)
    assert len(both.ours.generate(**first_passages(contexts(), 2), **settings)) == 2
    asked = {}
    for name, model in vars(both).items():
        asked[name], retrieve = [], model.retriever.retrieve
        model.retriever.retrieve = lambda q, n_docs, those=asked[name], retrieve=retrieve: (
            those.append((len(q), n_docs)) or retrieve(q, n_docs)
        )
        model.generate(**questions(), **settings)
    candidates = [number for number, n_docs in asked["theirs"][1:]]
    assert asked["theirs"] == [(2, 2), (candidates[0], 3), (candidates[1], 3)] and min(candidates) > 1
    assert asked["ours"] == [(2, 2)]


def first_passages(given, K):
    """The first K of three passages of each question."""
    rows = {name: given[name].unflatten(0, (-1, 3))[:, :K].flatten(0, 1) for name in given if name != "doc_scores"}
    return {**rows, "doc_scores": given["doc_scores"][:, :K]}


def test_deviation_04_more_answers_asked_for_than_there_are_candidates(sequence):
    settings = {"num_beams": 4, "num_return_sequences": 4, "forced_bos_token_id": BOS, "max_length": 2}
    with pytest.raises(RuntimeError, match="selected index k out of range"):
        sequence.theirs.generate(**contexts(), **settings)
    assert sequence.ours.generate(**contexts(), **settings).tolist() == [[START, BOS], [START, BOS]]


def test_deviation_05_labels_of_minus_100(sequence):
    given, answer = contexts(B=1), LABELS[1:]
    labels = answer.masked_fill(answer == PAD, -100)
    with pytest.raises(IndexError, match="index out of range in self"):
        sequence.theirs(**given, labels=labels)
    table = table_of(sequence.theirs.generator, given, 0, answer[0, :-1].tolist())
    exact = sequence_nll(softmax(given["doc_scores"][0].tolist()), table)
    assert sequence.ours(**given, labels=labels).loss.item() == pytest.approx(exact, abs=1e-5)


class SameVector(torch.nn.Module):
    """A question encoder that answers (1, 0, …) to everything, in the form that the library at hand wants."""

    def __init__(self, output, dtype=torch.float32):
        super().__init__()
        self.output, self.dtype = output, dtype

    def forward(self, input_ids, *_, **__):
        vector = torch.eye(1, 16, dtype=self.dtype).expand(len(input_ids), -1)
        return self.output(vector)


def base_with_scores(folder, scores):
    """A knowledge base in which d(z)ᵀq(x) are these numbers, q(x) being (1, 0, …)."""
    vectors = torch.tensor(scores)[:, None] * torch.eye(1, 16)
    return build_knowledge_base(
        folder, PASSAGES[: len(scores)], lambda those: vectors[: len(those)], "made by hand", dtype="float32"
    )


def test_deviation_06_an_index_with_fewer_passages_than_n_docs(tmp_path):
    """n_docs is 3, and there are two passages, d(z)ᵀq(x) = 2 and 1. The number is the prior of the best one."""
    base = base_with_scores(tmp_path / "kb", [2.0, 1.0])
    both = pair(RagTokenForGeneration, tmp_path / "model", base)
    both.theirs.rag.retriever = their_retriever(both.theirs.config, tmp_path / "model", their_index(base))
    both.ours.rag.question_encoder = SameVector(DPROutput)
    both.theirs.rag.question_encoder = SameVector(DPRQuestionEncoderOutput)
    theirs, ours = (m(**questions(), labels=LABELS, output_retrieved=True) for m in (both.theirs, both.ours))
    assert (theirs.retrieved_doc_ids[:, 2] == -1).all() and not theirs.retrieved_doc_embeds[:, 2].any()
    tokenizer = both.theirs.retriever.generator_tokenizer
    third = tokenizer.decode(theirs.context_input_ids[2], skip_special_tokens=True)
    assert third.startswith(PASSAGES[1].title + " / ")  # the last one, once more, as if its score were 0
    assert ours.doc_scores.shape == (2, 2)
    assert_documented(6, *(out.doc_scores.softmax(1)[0, 0].item() for out in (theirs, ours)), max(softmax([2.0, 1.0])))


def test_deviation_07_a_long_passage_cuts_the_question_away(tmp_path):
    base = small_knowledge_base(tmp_path / "kb", [Passage("a", "Bern", "Bern is the capital. " * 30)])
    both = pair(RagTokenForGeneration, tmp_path / "model", base)
    both.theirs.rag.retriever = their_retriever(both.theirs.config, tmp_path / "model", their_index(base))
    theirs, ours = contexts_read(both, "what is the capital?", n_docs=1)
    assert not theirs.endswith("?") and "what" not in theirs
    assert ours.startswith("Bern / Bern is the capital.") and ours.endswith(" // what is the capital?")


def test_deviation_08_the_question_loses_case_and_accents(knowledge_base, tmp_path):
    both = pair(RagTokenForGeneration, tmp_path / "model", knowledge_base)
    both.theirs.rag.retriever = their_retriever(both.theirs.config, tmp_path / "model", their_index(knowledge_base))
    theirs, ours = contexts_read(both, "Où est LYON?")
    assert theirs.endswith(" // ou est lyon?")
    assert ours.endswith(" // Où est LYON?")


def contexts_read(both, question, **settings):
    """What the generator of each reads first: theirs is given ids, for it takes no strings."""
    ids = word_piece()([question]).input_ids
    given = {"labels": LABELS[:1], "output_retrieved": True, **settings}
    theirs = both.theirs(input_ids=ids, **given).context_input_ids[0]
    ours = both.ours(questions=[question], **given).context_input_ids[0]
    return [rag_tokenizer().decode(row) for row in (theirs, ours)]


def test_deviation_09_excluding_bos_depends_on_the_neighbours(sequence):
    """The first row's answer is <s> 5 </s>; the second's, 6 </s>, does not begin with bos. One passage, so p(z|x) = 1."""
    labels = torch.tensor([[START, BOS, 5, EOS], [START, 6, EOS, PAD]])
    first = [{BOS: 0.25}, {5: 0.5}, {EOS: 0.8}, {}]
    second = [{6: 0.5}, {EOS: 0.5}, {}, {}]
    logits, scores = logits_of([first, second], V), torch.zeros(2, 1, dtype=torch.float64)
    settings = {"exclude_bos_score": True, "n_docs": 1}
    theirs = sequence.theirs.get_nll(logits, scores, labels, **settings)[0].item()
    ours = sequence.ours.get_nll(logits, scores, labels, **settings)[0].item()
    assert_documented(9, theirs, ours, sequence_nll([1.0], [[0.5, 0.8]]))
    alone = sequence.theirs.get_nll(logits[:1], scores[:1], labels[:1], **settings).item()
    assert alone == pytest.approx(ours)


def test_deviation_10_a_bfloat16_model_has_a_bfloat16_prior(tmp_path):
    """d(z)ᵀq(x) = 75.2, 75 and 74.9. Near 75 bfloat16 counts in halves. The number is the prior of the best passage."""
    scores = [75.2, 75.0, 74.9]
    both = pair(RagTokenForGeneration, tmp_path / "model", base_with_scores(tmp_path / "kb", scores))
    both.ours.bfloat16().rag.question_encoder = SameVector(DPROutput, torch.bfloat16)
    both.theirs.bfloat16().rag.question_encoder = SameVector(DPRQuestionEncoderOutput, torch.bfloat16)
    found = [model(**questions(), labels=LABELS).doc_scores for model in (both.theirs, both.ours)]
    assert [those.dtype for those in found] == [torch.bfloat16, torch.float32]
    assert_documented(10, *(those.softmax(dim=1)[0, 0].item() for those in found), max(softmax(scores)))


def test_deviation_11_generate_has_no_fast_decoding_and_says_nothing_about_passages(knowledge_base, tmp_path):
    both = pair(RagSequenceForGeneration, tmp_path / "model", knowledge_base)
    settings = {"num_beams": 2, "max_length": 6}
    with pytest.raises(ValueError, match=r"not used by the model: \['decoding'\]"):
        both.theirs.generate(**contexts(), **settings, decoding="fast")
    with pytest.raises(AttributeError):  # deduplicating the scores as if they were answers
        both.theirs.generate(**contexts(), **settings, return_dict_in_generate=True, output_scores=True)
    assert type(both.theirs.generate(**contexts(), **settings)) is torch.Tensor
    assert both.ours.generate(**contexts(), **settings, decoding="fast").shape[0] == 2
    answer = both.ours.answer("Where is Bern?", **settings)
    assert answer.logprob < 0.0 and answer.token_posterior.shape == (3, len(answer.tokens))
    assert sum(passage.prior for passage in answer.passages) == pytest.approx(1.0)
    assert sum(passage.posterior for passage in answer.passages) == pytest.approx(1.0)


def test_deviation_12_a_legacy_index_is_unpickled(tmp_path, monkeypatch):
    """A pickle, written by hand, that makes a folder when it is read: whatever it says is done."""
    planted = b"cos\nmkdir\n(V" + str(tmp_path / "has-run").encode() + b"\ntR."
    (tmp_path / "legacy").mkdir()
    (tmp_path / "legacy" / "psgs_w100.tsv.pkl").write_bytes(planted)
    monkeypatch.setenv("TRUST_REMOTE_CODE", "True")  # what their error message tells the user to set
    with pytest.raises(ValueError, match="knowledge_base: is not a knowledge base"):
        (tmp_path / "legacy" / "config.json").write_text(config_json(tmp_path))
        RagRetriever.from_pretrained(tmp_path / "legacy")
    assert not (tmp_path / "has-run").exists()
    their_legacy_index(tmp_path / "legacy")._load_passages()
    assert (tmp_path / "has-run").exists()


def config_json(tmp_path):
    """A RAG config that names a legacy index."""
    pair(RagTokenForGeneration, tmp_path / "model", index_name="legacy")
    return (tmp_path / "model" / "config.json").read_text()
