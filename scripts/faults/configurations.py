"""Random command lines: any key, any value, nesting, quoting, `_target_`, interpolations, paths."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

from stat4830_grad.config.keys import known_keys

from .commands import Child, Commands
from .left import CODES
from .tally import Tally

COUNT, FEW = 5_000, 10
AT_ONCE = 2
MEMORY = 8 * 2**30
"""Bytes that one command may take; more is a message and exit code 6."""

PROBLEMS = ("polynomial", "least_squares", "composite", "formula", "digits", "table", "file")
OWN = ("hydra.run.dir", "hydra.sweep.dir", "steps", "data_dir", "device", "sweep.resume", "resume")
"""Keys that say where files go, or how long a run takes: not drawn with the others."""

NUMBERS = (
    *("0", "1", "-1", "2", "3", "0.1", "1e-300", "1e308", "-1e308", "1e400", "nan", "inf", "-inf"),
    *("9223372036854775808", "1" + "0" * 40, "-0.0", "0x10", "1_000", "1e", ".5", "5.", "--3"),
)
TEXTS = (
    *("true", "null", "~", "abc", "größe", "数", "\u202e", "é" * 300, "a b", "'", '"', "''", "\\"),
    *("$", "$(touch ran)", "`touch ran`", "; touch ran", "../../x", "/dev/null", "/", "~/x", "."),
    *("\n", "\t", "a\x01b", "%s%n", "{0}", "=", "a=b", ":", "#", "&x", "*x", "!!python/name:os.x"),
)
NESTED = (
    *("[]", "[1,2]", "[[1,2],[3]]", "[1,[2,[3,[4]]]]", "{}", "{a:1}", "{a:{b:[1,{c:2}]}}", "[,]"),
    *("[1,2", "{a:", "[1,nan]", "[true,null]", "[" * 60, "[" * 30 + "]" * 30, "1,2,3", "a,b"),
    *("range(3)", "range(1000000000)", "choice(1,2)", "interval(0,1)", "glob(*)", "sort(3,1)"),
)
INTERPOLATED = (
    *("${seed}", "${nope}", "${oc.env:HOME}", "${oc.env:NOPE}", "${oc.decode:'[1]'}", "${", "$$"),
    *("${logspace:0,1,3}", "${linspace:0,1,2}", "${logspace:a}", "${run_dir:1,2,3,4}", "${hydra:}"),
    *('${eval:\'__import__("os").system("touch ran")\'}', "${problem}", "${.x}", "${steps}"),
)
INSTANCES = (
    *("+_target_=os.system", "problem._target_=os.system", "+problem._target_=os.mkdir"),
    *("optimizer._target_=builtins.exec", "+model={_target_:os.mkdir,name:ran,path:ran}"),
    *("+hydra.callbacks.x={_target_:os.mkdir,path:ran}", "hydra.launcher._target_=os.mkdir"),
    *("hydra.sweeper._target_=os.mkdir", "hydra/launcher=nope", "+hydra.job.env_set.X=1"),
)
FLAGS = (
    "-m",
    "--cfg=job",
    "--info",
    "--package=x",
    "-c",
    "--nope",
    "--config-name=x",
    "debug=true",
)


def run(commands: Commands, place: Path, quick: bool) -> Tally:
    """Draw command lines and see how each ends."""
    tally, chance = Tally(), random.Random(4830)
    lines = [drawn(chance) for _ in range(FEW if quick else COUNT)]
    for first in range(0, len(lines), AT_ONCE):
        begun = []
        for i, words in enumerate(lines[first : first + AT_ONCE], start=first):
            at = place / str(i) / "here"
            at.mkdir(parents=True)
            begun.append((words, at, begin(commands, at, words)))
        for words, at, child in begun:
            tally.count(repr(words), wrong(commands, at, words, child))
            shutil.rmtree(at.parent, ignore_errors=True)
    return tally


def drawn(chance: random.Random) -> list[str]:
    """A command line."""
    keys = [key for key in known_keys() if not key.startswith(OWN)]
    words = [f"problem={chance.choice(PROBLEMS)}"] if chance.random() < 0.9 else []
    if chance.random() < 0.3:
        words.append(f"optimizer={chance.choice(('gd', 'adam', 'momentum', 'torch', 'file'))}")
    if chance.random() < 0.2:
        words.append(f"task={chance.choice(('check', 'trace', 'compare', 'list', 'train'))}")
    for _ in range(chance.randrange(1, 4)):
        key = chance.choice(keys) if chance.random() < 0.9 else chance.choice(TEXTS)
        pool = chance.choice((NUMBERS, NUMBERS, TEXTS, NESTED, INTERPOLATED))
        sign = chance.choice(("", "", "", "", "+", "++", "~"))
        words.append(f"{sign}{key}={chance.choice(pool)}")
    if chance.random() < 0.1:
        words.append(chance.choice(INSTANCES))
    if chance.random() < 0.05:
        words.append(chance.choice(FLAGS))
    chance.shuffle(words)
    steps = chance.choice(("2", "2", "2", "2", "0", "-1", "x", "1" + "0" * 30, "null"))
    return [*(word.replace("\0", "") for word in words), f"steps={steps}", "figures=false"]


def begin(commands: Commands, at: Path, words: list[str]) -> Child:
    """Start a command with a home and a cache of its own beside its directory."""
    return commands.start(
        at,
        *words,
        environment={"HOME": str(at.parent / "home")},
        limits={"RLIMIT_AS": MEMORY, "RLIMIT_CPU": 60, "RLIMIT_FSIZE": 2**28},
    )


def wrong(commands: Commands, at: Path, words: list[str], child: Child) -> str | None:
    """What is wrong with how a command ended, or with what it left."""
    ended = commands.wait(child, timeout=180)
    said = ended.out + ended.err
    if ended.late:
        return "it hangs"
    if "Traceback" in said and "debug=true" not in words:
        return f"a traceback: {said.strip().splitlines()[-1]}"
    if ended.code not in CODES or ended.code == 1:
        return f"exit code {ended.code}: {said.strip()[-200:]}"
    if ran := list(at.parent.rglob("ran")):
        return f"something ran: {ran[0]}"
    outside = {path.name for path in at.parent.iterdir()} - {"here", "home"}
    beside = {path.name for path in at.iterdir()} - {"outputs", "multirun"}
    return f"written outside: {outside | beside}" if outside | beside else None
