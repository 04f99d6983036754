"""`python -m mutants`, which scripts/diagnosis runs: make mutants, ask the diagnosis, count."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

import cases
import torch

from stat4830_grad.console.tables import Column, FittedTable, show
from stat4830_grad.console.terminal import make_console
from stat4830_grad.system.errors import ConfigError

from .measure import OUTCOMES, WRONGLY, case_of, findings_of
from .mutations import mutants
from .solutions import SOLUTIONS
from .twins import Twins

RIGHT, RAISES = "still right", "raises an error"


def counted(name: str, pairs: int) -> tuple[str, Counter[str], list[str]]:
    """Outcomes of the mutants of one solution, and those that were named wrongly in words."""
    torch.set_num_threads(1)
    problem, source = SOLUTIONS[name]
    case = case_of(cases.objective(problem))
    assert not findings_of(source, case), f"{name} is not right"
    counts: Counter[str] = Counter()
    twins = Twins(source, case)
    wrong = []
    for mutant in mutants(source, pairs, seed=0):
        try:
            findings = findings_of(mutant.source, case)
        except ConfigError:
            counts[RAISES] += 1
            continue
        found = twins.outcome(mutant, findings) if findings else RIGHT
        counts[found] += 1
        if found == WRONGLY:
            said = "; ".join(f"{f.kind} ({', '.join(f.parameters)})" for f in findings)
            wrong.append(f"{name}: {' and '.join(m.text for m in mutant.mistakes)} -> {said}")
    return name, counts, wrong


def table(results: list[tuple[str, Counter[str], list[str]]]) -> FittedTable:
    """A row for each solution, and their sum with shares."""
    columns = [Column("solution", left=True), Column("wrong"), *map(Column, OUTCOMES)]
    total: Counter[str] = Counter()
    rows = []
    for name, counts, _ in results:
        total += counts
        rows.append(
            [name, str(sum(counts[o] for o in OUTCOMES)), *(str(counts[o]) for o in OUTCOMES)]
        )
    whole = sum(total[o] for o in OUTCOMES)
    rows.append(["all", str(whole), *(str(total[o]) for o in OUTCOMES)])
    rows.append(["", "", *(f"{100 * total[o] / whole:.2f} %" for o in OUTCOMES)])
    rest = f"besides, {total[RIGHT]} are right after all and {total[RAISES]} raise an error"
    return FittedTable(columns, rows, title=rest, box=None)


def main() -> None:
    """Print the table, then what was named wrongly."""
    parser = argparse.ArgumentParser(prog="scripts/diagnosis", description=__doc__)
    parser.add_argument(
        "--pairs", type=int, default=150, help="pairs of mistakes for each solution"
    )
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--only", default="", help="solutions whose name holds this")
    chosen = parser.parse_args()
    names = [name for name in SOLUTIONS if chosen.only in name]
    with ProcessPoolExecutor(chosen.jobs) as pool:
        results = []
        for one in pool.map(counted, names, [chosen.pairs] * len(names)):
            results.append(one)
            print(f"{one[0]}: {dict(one[1])}", file=sys.stderr, flush=True)
    console = make_console()
    show(console, table(results))
    for _, _, wrong in results:
        for line in wrong:
            console.print(line, soft_wrap=True, markup=False, highlight=False)


if __name__ == "__main__":
    main()
