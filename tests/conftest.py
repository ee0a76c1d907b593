"""How do the tests run? Offline, and the same twice in CI.

minirag is imported inside fixtures only: jaxtyping's import hook is set after this file is read.
"""

import os
from pathlib import Path

import hypothesis
import pytest

# transformers asks the network for nothing in these tests; these make it an error if it tries.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

hypothesis.settings.register_profile("laptop", deadline=None, max_examples=50)
hypothesis.settings.register_profile("ci", parent=hypothesis.settings.get_profile("laptop"), derandomize=True)
hypothesis.settings.register_profile(  # a mutant dies at the first example that fails: shrinking it tells nobody anything
    "mutants",
    parent=hypothesis.settings.get_profile("laptop"),
    max_examples=25,
    derandomize=True,
    database=None,
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") == "true" else "laptop")


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory) -> Path:
    """A model folder with random weights, for reading only: a test that changes it takes a copy."""
    from tests.tiny_folder import write_tiny_folder

    return write_tiny_folder(tmp_path_factory.mktemp("models") / "tiny")
