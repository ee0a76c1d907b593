"""What do the JSON files of a model folder say? `config.json`, and `generation_config.json` where there is one.

Paper     none
Tutorial  tutorials/07_checkpoints.py
Tests     tests/model/test_config_files.py
"""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from minirag.configuration import BartConfig, BertConfig
from minirag.model.sentence_transformers import sentence_transformers_settings
from minirag.settings import REFUSED_SEARCHES, known_settings

CONFIG, GENERATION_CONFIG = "config.json", "generation_config.json"


def read_config(folder: str | Path) -> dict[str, Any]:
    """The parsed `config.json`. ValueError: no such folder or file, or not a JSON object."""
    path = Path(folder) / CONFIG
    if not path.is_file():
        raise ValueError(f"{folder}: not a model folder ({CONFIG} is missing)")
    return read_json_object(path)


def read_json_object(path: Path) -> dict[str, Any]:
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not valid JSON ({error})") from None
    if not isinstance(settings, dict):
        raise ValueError(f"{path}: not a JSON object")
    return settings


def read_bert_config(folder: str | Path) -> BertConfig:
    """The settings of a DPR encoder, also where the file is a plain BERT's. A sentence-transformers folder says in files
    of its own what becomes of the states.
    """
    settings = read_config(folder) | sentence_transformers_settings(folder)
    try:
        return replace(BertConfig.from_dict(settings), model_type="dpr")
    except ValueError as error:
        raise ValueError(f"{Path(folder) / CONFIG}: {error}") from None


def read_bart_config(folder: str | Path) -> BartConfig:
    """A generator's settings; how it searches is in `generation_config.json` where there is one."""
    settings = read_config(folder) | generation_settings(folder)
    try:
        return BartConfig.from_dict(settings)
    except ValueError as error:
        raise ValueError(f"{Path(folder) / CONFIG}: {error}") from None


def generation_settings(folder: str | Path) -> dict[str, Any]:
    """What `generation_config.json` says about fields of BartConfig (a null says nothing); newer files have it."""
    path = Path(folder) / GENERATION_CONFIG
    if not path.is_file():
        return {}
    said = {name: value for name, value in read_json_object(path).items() if value is not None}
    try:
        return known_settings(BartConfig, said, REFUSED_SEARCHES)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def write_config(folder: str | Path, settings: dict[str, Any]) -> None:
    """`config.json`, whole; it says everything, so a `generation_config.json` of an earlier model goes."""
    path = Path(folder) / CONFIG
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    os.replace(partial, path)
    path.with_name(GENERATION_CONFIG).unlink(missing_ok=True)
