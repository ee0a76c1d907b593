"""Where is the demo model? What a command works with unless told otherwise.

Paper     none
Tutorial  tutorials/00_rag_in_one_page.py
Tests     tests/cli/test_bad_input.py
"""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


def demo_folder() -> Path:
    """Inside the package where it was installed from a wheel, in weights/ in a clone."""
    places = [PACKAGE / "demo", PACKAGE.parent / "weights" / "demo"]
    for place in places:
        if (place / "config.json").is_file():
            return place
    raise ValueError(f"the demo model is missing ({places[0]}); give a model folder with --model")
