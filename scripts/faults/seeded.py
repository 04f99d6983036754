"""Mistakes put into a copy of our own code, one at a time: the tests have to go red for each."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .commands import Commands
from .tally import Tally

ROOT = Path(__file__).resolve().parents[2]
COPIED = (
    "stat4830_grad",
    "hydra_plugins",
    "conf",
    "scripts",
    "tests",
    "examples",
    "pyproject.toml",
)


@dataclass(frozen=True)
class Bug:
    """A mistake: `old`, which is there once, becomes `new`; `tests` is what has to notice."""

    what: str
    file: str  # below the package
    old: str
    new: str
    tests: str  # the words for pytest


POWER = "test_torture.py -k power"
TRUST = "test_trust.py"
DECIDES = "test_sandbox.py -k decide"
BUGS = (
    Bug("a file is not synced", "system/files.py", "os.fsync(number)\n", "pass\n", POWER),
    Bug(
        *("a directory is not synced", "system/files.py"),
        *(
            "finally:\n            partial.unlink(missing_ok=True)\n        sync_directory",
            "finally:\n",
        ),
        POWER,
    ),
    Bug(
        *("rows are not synced before a checkpoint", "training/execution.py"),
        *(
            "flush(directories, sync=True)\n            save(now)",
            "flush(directories)\n            save(now)",
            POWER,
        ),
    ),
    Bug(
        *("a file is written in place", "system/files.py"),
        *('path.with_name(f".{path.name}.{os.getpid()}{PARTIAL}")', "path", "test_durability.py"),
    ),
    Bug(
        *("what killed writers left stays", "system/files.py"),
        *("        remove_leftovers(path.parent)\n", "", "test_durability.py"),
    ),
    Bug(
        *("a half row stays when the disk is full", "system/files.py"),
        *("os.ftruncate(file, before)", "pass", "test_resume.py -k full_disk"),
    ),
    Bug(
        *("the optimizer's memory is not saved", "training/checkpoint.py"),
        *("for name, part in state.optimizer.items()}", "for name, part in ()}"),
        "test_train.py -k bit_for_bit",
    ),
    Bug(
        *("the updates made are off by one", "training/checkpoint.py"),
        *('"updates": state.updates,', '"updates": state.updates + 1,', TRUST),
    ),
    Bug(
        *("a resumed run takes another order of samples", "training/minibatches.py"),
        *("divmod(updates, self.per_epoch)", "divmod(updates % 7, self.per_epoch)"),
        "test_minibatches.py",
    ),
    Bug(
        *("the row of a checkpoint is kept and logged again", "training/run_directory.py"),
        *("            count -= 1", "            count -= 0", TRUST),
    ),
    Bug(
        *("rows are not compared with those written", "training/rows.py"),
        *("if digest([header, *lines]) != written.sha256:", "if False:", TRUST),
    ),
    Bug(
        *("checksums of an archive are not compared", "data/weights.py"),
        *("        refuse_damaged_archive(path)\n", "", TRUST),
    ),
    Bug(
        *("a foreign checkpoint is taken", "training/resume.py"),
        *("    refuse_foreign(path, saved.state, experiment)\n", "", TRUST),
    ),
    Bug(
        *("another configuration is taken", "training/resume.py"),
        *("if key in now and now[key] != before:", "if False:", TRUST),
    ),
    Bug(
        *("a changed input is taken", "training/inputs.py"),
        *("now.sha256 not in known:", "False:", "test_resume.py -k changed"),
    ),
    Bug(
        *("a damaged cache is taken", "data/images.py"),
        *("if digests is None or ", "if True or ", "test_data.py -k flipped"),
    ),
    Bug(
        *("two processes write to one directory", "system/files.py"),
        *("fcntl.flock(file, kind if wait else kind | fcntl.LOCK_NB)", "pass"),
        "test_resume.py -k one_writer",
    ),
    Bug(
        *("half a row of sweep.csv is gone on with", "sweep/table.py"),
        *(
            "wanted != columns or not self._whole()",
            "wanted != columns",
            "test_sweep.py -k a_row_cut",
        ),
    ),
    Bug(
        *("one row of a batch changes the others", "training/steppers.py"),
        *("torch.where(loss.isfinite(), d", "torch.where(loss.isfinite().all(), d"),
        "test_torture.py -k divergence",
    ),
    Bug(
        *("the verdict is what a student's process finds", "tasks/check/diagnosis.py"),
        *("return Diagnosis(not findings,", "return Diagnosis(not tried[0].findings,", DECIDES),
    ),
    Bug(
        *("the verdict is what a student's process prints", "tasks/check/diagnosis.py"),
        *("Diagnosis(not findings,", 'Diagnosis(not findings or "right" in student.printed,'),
        DECIDES,
    ),
    Bug(
        *("a second signal is lost", "training/execution.py"),
        *("signal.raise_signal(number)", "pass", "test_process.py -k second_signal"),
    ),
)


def run(commands: Commands, place: Path, quick: bool) -> Tally:
    """Every bug; quickly two that are found at once."""
    tally = Tally()
    for k in (3, 4) if quick else range(len(BUGS)):
        tally.count(BUGS[k].what, unnoticed(BUGS[k], place / str(k)))
    return tally


def unnoticed(bug: Bug, place: Path) -> str | None:
    """What is wrong if a copy of the code with this bug passes its tests."""
    place.mkdir()
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, place / name)
        else:
            shutil.copy(ROOT / name, place / name)
    path = place / "stat4830_grad" / bug.file
    source = path.read_text("utf-8")
    if source.count(bug.old) != 1:
        return f"{bug.old!r} is {source.count(bug.old)} times in {bug.file}"
    path.write_text(source.replace(bug.old, bug.new), "utf-8")
    file, *more = bug.tests.split()
    environment = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    command = [sys.executable, "-m", "pytest", "-q", "-x", f"tests/{file}", *more]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider"],
        cwd=place,
        env={**environment, "PYTHONPATH": str(place)},
        capture_output=True,
        text=True,
    )
    shutil.rmtree(place)
    if done.returncode == 1:
        return None
    return f"the tests end with {done.returncode}: {done.stdout.strip()[-300:]}"
