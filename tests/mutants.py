"""Would a test notice? Changes likelihood.py and decoding/ in a thousand small ways, one at a time, and runs their tests.

`make mutants` runs this. mutmut copies minirag/ and tests/ into mutants/ and works there; [tool.mutmut] in pyproject.toml
says what is mutated and which tests run. The score goes into docs/mutants.md, which also says of every survivor why no
test can kill it. The exit status is 1 if one has no such reason there, or if fewer than 95 % of all mutants died.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported: every mutant is a fork of this process

import platform
import re
import shutil
import sys
import time
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import libcst
from mutmut import __main__ as mutmut
from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.mutation.file_mutation import MutationVisitor
from mutmut.stats import status_by_exit_code
from mutmut.utils.file_utils import walk_mutatable_files

REPOSITORY = Path(__file__).resolve().parents[1]
PAGE = REPOSITORY / "docs" / "mutants.md"
WORKERS = 2
DEAD = ("killed", "timeout")
NO_GRAD = libcst.parse_expression("torch.no_grad()")

Change = tuple[str, str]  # the line as it is, the line as mutated


def main() -> None:
    os.chdir(REPOSITORY)
    shutil.rmtree("mutants", ignore_errors=True)  # mutmut would keep the verdicts of tests that have changed since
    mutate_functions_without_gradient_too()
    start = time.monotonic()
    mutmut._run((), WORKERS)
    seconds = time.monotonic() - start
    verdicts, survivors = read_verdicts()
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(with_score(page, score_table(verdicts, seconds)), encoding="utf-8")
    unexplained, outdated = survivors - explained(page), explained(page) - survivors
    for title, changes in (("survived, without a reason", unexplained), ("has a reason, but died", outdated)):
        for before, after in sorted(changes):
            print(f"{title}:\n- {before}\n+ {after}")
    total = sum(verdicts.values(), Counter())
    print(f"{share_dead(total):.1%} of {total.total():,} mutants died: {PAGE.relative_to(REPOSITORY)}")
    sys.exit(bool(unexplained or outdated) or share_dead(total) < 0.95)


def mutate_functions_without_gradient_too() -> None:
    """mutmut leaves out every decorated function; a copy of one under torch.no_grad() does no harm."""
    skip = MutationVisitor._skip_node_and_children

    def skip_but_no_grad(visitor: MutationVisitor, node: libcst.CSTNode) -> bool:
        if isinstance(node, libcst.FunctionDef) and len(node.decorators) == 1:
            return not node.decorators[0].decorator.deep_equals(NO_GRAD) and skip(visitor, node)
        return skip(visitor, node)

    MutationVisitor._skip_node_and_children = skip_but_no_grad


def read_verdicts() -> tuple[dict[str, Counter[str]], set[Change]]:
    """How many mutants of each file met which end; and the changes that nobody noticed."""
    verdicts, survivors = {}, set()
    for path in sorted(walk_mutatable_files()):
        data = SourceFileMutationData(path=path)
        data.load()
        statuses = {name: status_by_exit_code[code] for name, code in data.exit_code_by_key.items()}
        if statuses:
            verdicts[path.as_posix()] = Counter(statuses.values())
        survivors |= {changed(path, name) for name, status in statuses.items() if status not in DEAD}
    return verdicts, survivors


def changed(path: Path, name: str) -> Change:
    diff = get_diff_for_mutant(name, path=path).splitlines()[2:]  # without the names of the files
    before, after = (" ".join(line[1:].strip() for line in diff if line.startswith(sign)) for sign in "-+")
    return before, after


def explained(page: str) -> set[Change]:
    """Every `- line` `+ line` in the page's ```diff blocks."""
    blocks = re.findall(r"^```diff\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    return {change for block in blocks for change in re.findall(r"^- (.*)\n\+ (.*)$", block, re.MULTILINE)}


def share_dead(counts: Counter[str]) -> float:
    return sum(counts[status] for status in DEAD) / counts.total()


def score_table(verdicts: dict[str, Counter[str]], seconds: float) -> str:
    total = sum(verdicts.values(), Counter())
    rows = [
        f"| {name} | {counts.total():,} | {counts['killed']:,} | {counts['timeout']} "
        f"| {counts.total() - counts['killed'] - counts['timeout']} | {share_dead(counts):.1%} |"
        for name, counts in [*verdicts.items(), ("**all**", total)]
    ]
    tools = ", ".join(f"{name} {version(name)}" for name in ("mutmut", "pytest", "hypothesis", "torch"))
    head = ["| file | mutants | killed | timed out | survived | score |", "|---|---:|---:|---:|---:|---:|"]
    made = f"`make mutants`: {seconds:.0f} seconds, {WORKERS} workers, Python {platform.python_version()}, {tools}."
    return "\n".join([*head, *rows, "", made])


def with_score(page: str, table: str) -> str:
    return re.sub(r"(<!-- score -->\n).*(<!-- /score -->)", rf"\g<1>{table}\n\g<2>", page, flags=re.DOTALL)


if __name__ == "__main__":
    main()
