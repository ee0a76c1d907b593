"""The demo's recipe, small: every stage runs, the folder it ends in opens and answers, and nothing is done twice."""

from dataclasses import replace

import pytest
import torch

from minirag.model.dpr import DPRContextEncoder
from minirag.rag import RagSequenceForGeneration, RagTokenForGeneration
from minirag.training.demo.folder import trained_rag, write_demo
from minirag.training.demo.recipe import Recipe, load_trained, trained_context_encoder
from minirag.training.demo.stages import bart_stage, dpr_stage, polish_stage, rag_stage
from minirag.training.settings import LoopSettings
from minirag.world.facts import write_facts
from tests.small_tokenizers import rag_tokenizer
from tests.tiny_folder import FACTS

FEW = LoopSettings(steps=3, warmup_steps=1, checkpoint_every=2)
SMALL = Recipe(
    width=16, heads=2, dpr_layers=1, encoder_layers=1, decoder_layers=1, dpr_entities=3, bart_batch=4, rag_batch=2,
    rag_entities=5, rag_world_steps=2, n_docs=2, dpr=FEW, bart=FEW, polish=FEW, rag=FEW,
)  # fmt: skip


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    place = tmp_path_factory.mktemp("work")
    for stage in (dpr_stage, bart_stage, polish_stage, rag_stage):
        steps = list(stage(SMALL, rag_tokenizer(), place, torch.device("cpu")).steps())
        assert [progress.step for progress in steps] == [1, 2, 3]
    return place


def test_a_finished_stage_is_not_done_again(work):
    for stage in (dpr_stage, bart_stage, polish_stage, rag_stage):
        assert list(stage(SMALL, rag_tokenizer(), work, torch.device("cpu")).steps()) == []


def test_the_last_measure_of_a_stage_comes_with_its_last_step(tmp_path):
    steps = list(dpr_stage(SMALL, rag_tokenizer(), tmp_path, torch.device("cpu")).steps())
    assert [bool(progress.measured) for progress in steps] == [False, False, True]


def test_both_models_answer_from_the_folder(work, tmp_path):
    write_facts(tmp_path / "facts.jsonl", FACTS)
    write_demo(trained_rag(SMALL, rag_tokenizer(), work), tmp_path / "facts.jsonl", tmp_path / "demo")
    for variant in (RagTokenForGeneration, RagSequenceForGeneration):
        answer = variant.from_pretrained(tmp_path / "demo").answer("What is the capital of Malta?", num_beams=2)
        assert len(answer.passages) == 2
        assert sum(passage.prior for passage in answer.passages) == pytest.approx(1.0)


def test_rag_training_leaves_the_context_encoder_as_it_was(work):
    before = (
        load_trained(
            DPRContextEncoder(SMALL.encoder_config(rag_tokenizer().question_encoder.vocab_size)),
            work / "dpr",
        )
        .half()
        .float()
    )
    after = trained_context_encoder(SMALL, rag_tokenizer(), work)
    for name, tensor in before.state_dict().items():
        assert torch.equal(after.state_dict()[name], tensor)
    question_encoder = trained_rag(SMALL, rag_tokenizer(), work).question_encoder.question_encoder
    moved = question_encoder.bert.embeddings.words.weight
    assert not torch.equal(moved, before.ctx_encoder.bert.embeddings.words.weight)


def test_a_stage_that_needs_an_earlier_one_says_so(tmp_path):
    with pytest.raises(ValueError, match=r"dpr: this stage comes before"):
        rag_stage(SMALL, rag_tokenizer(), tmp_path, torch.device("cpu"))


def test_another_seed_gives_other_weights(work, tmp_path):
    list(dpr_stage(replace(SMALL, seed=1), rag_tokenizer(), tmp_path, torch.device("cpu")).steps())
    first, second = (trained_context_encoder(SMALL, rag_tokenizer(), place) for place in (work, tmp_path))
    assert not torch.equal(first.ctx_encoder.bert.layers[0].up.weight, second.ctx_encoder.bert.layers[0].up.weight)
