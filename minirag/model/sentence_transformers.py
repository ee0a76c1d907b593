"""How does a sentence-transformers folder say what becomes of BERT's states? `modules.json` and `1_Pooling/config.json`.

Paper     Reimers & Gurevych 2019, §3 (pooling)
Tutorial  tutorials/07_checkpoints.py
Tests     tests/model/test_sentence_transformers.py, tests/crosscheck/test_minilm.py

    modules.json             the steps in their order: Transformer, Pooling, and perhaps Normalize
    1_Pooling/config.json    pooling_mode_cls_token and its like: one of them is true
    config_sentence_transformers.json   prompts that are put in front of every text, in some folders

A step, a pooling or a prompt that this code cannot honour is refused by name.
"""

import json
from pathlib import Path
from typing import Any

MODULES, PROMPTS = "modules.json", "config_sentence_transformers.json"
STEPS = (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
POOLINGS = {"cls": "cls", "cls_token": "cls", "mean": "mean", "mean_tokens": "mean"}  # published → `BertConfig.pooling`


def sentence_transformers_settings(folder: str | Path) -> dict[str, Any]:
    """`pooling` and `normalize` for a BertConfig; nothing for a folder of another kind. ValueError names file and value."""
    folder = Path(folder)
    if not (folder / MODULES).is_file():
        return {}
    modules = read_json(folder / MODULES, list)
    steps = [str(module.get("type")).rsplit(".", 1)[-1] for module in modules if isinstance(module, dict)]
    if steps not in STEPS or len(steps) != len(modules):
        raise ValueError(f"{folder / MODULES}: {' → '.join(steps)} cannot be honoured (only {' → '.join(STEPS[1])})")
    check_prompts(folder / PROMPTS)
    pooling = read_pooling(folder / str(modules[1].get("path")) / "config.json")
    return {"pooling": pooling, "normalize": "Normalize" in steps}


def read_pooling(path: Path) -> str:
    """The one mode that is on: newer files give its name, older ones a true or false for each."""
    settings = read_json(path, dict)
    flags = [
        name.removeprefix("pooling_mode_") for name, on in settings.items() if on is True and name != "include_prompt"
    ]
    named = settings.get("pooling_mode", flags)
    modes = [str(mode) for mode in (named if isinstance(named, list) else [named])]
    if len(modes) != 1 or modes[0] not in POOLINGS:
        raise ValueError(f"{path}: pooling {' + '.join(modes) or 'none'} cannot be honoured (cls or mean)")
    return POOLINGS[modes[0]]


def check_prompts(path: Path) -> None:
    """An encoder trained with "query: " in front of each question finds less without it."""
    prompts = read_json(path, dict).get("prompts") if path.is_file() else None
    for name, prompt in (prompts or {}).items():
        if prompt:
            raise ValueError(f"{path}: the prompt {name}={prompt!r} cannot be honoured")


def read_json(path: Path, kind: type) -> Any:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise ValueError(f"{path}: is missing or cannot be read") from None
    except ValueError as error:
        raise ValueError(f"{path}: not valid JSON ({error})") from None
    if not isinstance(value, kind):
        raise ValueError(f"{path}: not a JSON {'object' if kind is dict else 'list'}")
    return value
