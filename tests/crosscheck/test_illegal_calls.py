"""What transformers 5.23.0 makes of the calls that minirag refuses is what tests/rag/illegal_*.py say beside each."""

import pytest
import torch
from transformers import logging

from minirag.rag import RagModel, RagSequenceForGeneration, RagTokenForGeneration
from tests.crosscheck.rag_pairs import pair
from tests.rag.illegal_call import A_RESULT
from tests.rag.illegal_combinations import COMBINATIONS
from tests.rag.illegal_values import ILLEGAL_VALUES
from tests.small_rag import small_knowledge_base

logging.disable_progress_bar()
logging.set_verbosity_error()
CLASSES = {cls.__name__: cls for cls in (RagModel, RagTokenForGeneration, RagSequenceForGeneration)}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """ "[retrieving ]ClassName" → theirs."""
    folder = tmp_path_factory.mktemp("models")
    base = small_knowledge_base(folder / "kb")
    made = {}
    for name, cls in CLASSES.items():
        made[name] = pair(cls, folder / name).theirs
        made[f"retrieving {name}"] = pair(cls, folder / name, base).theirs
    return made


@pytest.mark.filterwarnings("ignore:Using the model-agnostic default `max_length`:UserWarning")
@pytest.mark.parametrize("call", [call for call in COMBINATIONS + ILLEGAL_VALUES if call.there is not None], ids=str)
def test_it_fails_obscurely_or_not_at_all_as_the_table_says(call, models):
    name, method = call.of.split(".")
    try:
        with torch.no_grad():
            getattr(models[name], method)(**call.arguments)
        happened = A_RESULT
    except Exception as error:
        happened = f"{type(error).__name__}: {error}"
    assert happened.startswith(call.there)
