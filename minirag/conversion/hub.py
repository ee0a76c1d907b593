"""How does a name on the hub become a folder? `huggingface_hub` fetches the files that are needed, and nothing that runs.

Paper     none
Tutorial  tutorials/07_checkpoints.py
Tests     tests/conversion/test_hub.py
"""

import re
from pathlib import Path

from minirag.model.tensor_files import safetensors_file

HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
SMALL_FILES = ["*.json", "*.txt"]
SAFETENSORS = ["model*.safetensors", "ctx_encoder/model*.safetensors"]
PICKLED = ["pytorch_model*.bin", "ctx_encoder/pytorch_model*.bin"]


def local_folder(source: str) -> Path:
    """The file or folder of that name where there is one, else what the hub has under it."""
    path = Path(source)
    if path.exists() or not HUB_NAME.fullmatch(source):
        return path
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        needed = "a name on the hub needs huggingface_hub: pip install 'minirag[hub]'"
        raise ValueError(f"{source}: no such file or folder, and {needed}") from None
    try:
        folder = Path(snapshot_download(source, allow_patterns=[*SMALL_FILES, *SAFETENSORS]))
        if safetensors_file(folder) is None:
            folder = Path(snapshot_download(source, allow_patterns=[*SMALL_FILES, *PICKLED]))
    except Exception as error:  # no network, no such name, no permission: one line says which
        why = " ".join(str(error).split())[:120]
        raise ValueError(f"{source}: neither here nor on the hub ({type(error).__name__}: {why})") from None
    return folder
