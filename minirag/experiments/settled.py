"""Do all runs of a folder belong together? Its first call settles with what; a later one with other settings is refused.

Paper     none
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/experiments/test_settled.py
"""

import json
from dataclasses import asdict
from pathlib import Path

from minirag.experiments.size import Size
from minirag.experiments.world import World, described

SETTINGS = "settings.json"
FREE = {"seeds", "dev_sample", "curve_sample"}  # more of them are more runs and answers beside those that are there


def begin(out: Path, world: World, size: Size) -> None:
    """Writes down, or compares, what the experiments are run on. ValueError names the setting that is another one."""
    now = {**described(world), **{name: value for name, value in asdict(size).items() if name not in FREE}}
    place = out / SETTINGS
    if not place.exists():
        out.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(now, ensure_ascii=False, indent=1) + "\n", "utf-8")
        return
    before = json.loads(place.read_text("utf-8"))
    for name in sorted(before.keys() | now.keys()):
        if before.get(name) != now.get(name):
            change = f"was begun with {name} {before.get(name)}, not {now.get(name)}"
            raise ValueError(f"{place}: {change}; go on with that, or begin in another folder")
