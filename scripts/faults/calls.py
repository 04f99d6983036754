"""The k-th call on a file fails, writes half, or is the last one of the process: for every k."""

from __future__ import annotations

import errno
import itertools
from pathlib import Path

from .commands import Commands, Fault
from .left import broken, rude, wrong_result
from .scenarios import Scenario, fresh, others, reference, scenarios
from .tally import Tally

FAULTS = (("fail", errno.EIO), ("fail", errno.ENOSPC), ("short", 0), ("kill", 0))


def run(commands: Commands, place: Path, quick: bool) -> Tally:
    """Every k of every scenario; quickly: a run that is killed, some k."""
    tally = Tally()
    if commands.shim is None:
        tally.notes.append("no C compiler here, or no Linux: no call can be made to fail")
        return tally
    for scenario in scenarios()[:1] if quick else (*scenarios(), *others()):
        for mode, number in FAULTS[-1:] if quick else FAULTS:
            every(scenario, mode, number, commands, place, tally, step=13 if quick else 1)
    return tally


def every(
    scenario: Scenario,
    mode: str,
    number: int,
    commands: Commands,
    place: Path,
    tally: Tally,
    step: int,
) -> None:
    """One kind of fault in one scenario, for every k (each `step`-th) until none is hit."""
    base = place / f"{scenario.name}_{mode}_{number}"
    wanted = reference(scenario, commands, base / "whole")
    scenario.prepare(commands, base / "before")
    for k in itertools.count(1, step):
        at = fresh(base / "before", base / "now")
        record = base / "record"
        record.unlink(missing_ok=True)
        fault = Fault(at / "run", mode, number, k, record)
        hit = commands(at, *scenario.words, fault=fault)
        if hit.code != -9 and calls_made(record) < k:
            break
        what = f"{scenario.name}, call {k}, {errno.errorcode.get(number, mode)}"
        wrong = (None if hit.code == -9 else rude(hit)) or broken(at / "run")
        if wrong is None:
            done = scenario.recover(commands, at)
            if done.code != 0:
                wrong = f"cannot go on: {(done.err or done.out).strip()[-300:]}"
            else:
                wrong = wrong_result(at / "run", wanted)
        tally.count(what, wrong)


def calls_made(record: Path) -> int:
    """How many calls a process made that ended by itself."""
    last = record.read_bytes().rstrip(b"\n").rpartition(b"\n")[2].split(b"\t")
    assert last[0] == b"end"
    return int(last[1])
