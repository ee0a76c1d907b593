"""Somebody who types what the README shows under "Your own documents", and compares what is printed."""

import os
import re
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
COMMAND = f"""#!/bin/sh
exec {sys.executable} -c 'import sys; sys.argv[0] = "minirag"; from minirag.cli import main; main()' "$@"
"""


def shown_walk() -> str:
    """The console block of that section."""
    text = (REPOSITORY / "README.md").read_text("utf-8")
    section = text.split("\n## Your own documents\n")[1].split("\n## ")[0]
    (block,) = re.findall(r"^```console\n(.*?)^```$", section, flags=re.MULTILINE | re.DOTALL)
    return block


def walked(folder: Path) -> str:
    """The same lines with what they print in `folder`, in a terminal of 80 columns."""
    (folder / "bin").mkdir()
    (folder / "bin" / "minirag").write_text(COMMAND)
    (folder / "bin" / "minirag").chmod(0o755)
    (folder / "docs").symlink_to(REPOSITORY / "docs")
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    around = os.environ | {"PATH": path, "PYTHONPATH": str(REPOSITORY), "COLUMNS": "80", "LC_ALL": "C.UTF-8"}
    printed = []
    for line in shown_walk().splitlines():
        if line.startswith("$ "):
            done = subprocess.run(["bash", "-c", line[2:]], cwd=folder, env=around, capture_output=True, text=True)
            assert not done.stderr, done.stderr
            printed += [line, *(each.rstrip() for each in done.stdout.splitlines())]
    return "\n".join(printed) + "\n"


if __name__ == "__main__":  # python -m tests.readme_walk FOLDER prints what belongs there
    Path(sys.argv[1]).mkdir(parents=True)
    sys.stdout.write(walked(Path(sys.argv[1])))
