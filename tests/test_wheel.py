"""Does an installed wheel answer like the clone it was built from, the demo model included?"""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
DEMO = REPOSITORY / "weights" / "demo"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("wheel")
    python(
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-index",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        place,
        REPOSITORY,
    )
    (built,) = place.glob("minirag-*.whl")
    return built


@pytest.fixture(scope="module")
def site(wheel, tmp_path_factory) -> Path:
    """The wheel unpacked where nothing else is: what it needs comes from this environment, minirag does not."""
    place = tmp_path_factory.mktemp("site")
    python("-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", place, wheel)
    return place


def python(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Away from the repository, so that its minirag/ is not found first."""
    variables = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", **environment}
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=variables, cwd=Path(sys.prefix))
    assert done.returncode == 0, done.stderr
    return done


def test_a_wheel_holds_every_module_and_the_whole_demo(wheel):
    inside = set(zipfile.ZipFile(wheel).namelist())
    files = [path for suffix in ("py", "css") for path in (REPOSITORY / "minirag").rglob(f"*.{suffix}")]
    modules = {path.relative_to(REPOSITORY).as_posix() for path in files}
    demo = {f"minirag/demo/{path.relative_to(DEMO).as_posix()}" for path in DEMO.rglob("*") if path.is_file()}
    assert {f"minirag/demo/{name}" for name in ("config.json", "knowledge_base/knowledge_base.json")} <= demo
    assert modules | demo <= inside
    assert not [name for name in inside if name.startswith(("tests/", "weights/"))]


def test_an_installed_wheel_answers_with_its_own_demo(site):
    code = "import minirag; print(minirag.__file__); from minirag.cli import main; main()"
    done = python("-c", code, "ask", "what is the capital of mongolia?", "--json", PYTHONPATH=str(site))
    where, answer = done.stdout.splitlines()
    assert Path(where).is_relative_to(site)
    assert json.loads(answer)["answer"] == "Ulaanbaatar"
    assert json.loads(answer)["passages"][0]["title"] == "Mongolia"
