"""Random command lines: any key, any value, nesting, quoting, `_target_`, interpolations, paths.

Half of them run as they stand, until one to three of their words are changed.
"""

from __future__ import annotations

import pickle
import random
import shutil
from pathlib import Path

import numpy as np
import torch

from stat4830_grad.config.keys import known_keys
from stat4830_grad.config.paths import PATHS as PATH_KEYS

from .commands import Child, Commands
from .foreign import Bomb
from .left import CODES
from .tally import Tally
from .words import (
    FLAGS,
    INSTANCES,
    INTERPOLATED,
    NEEDS,
    NESTED,
    NUMBERS,
    OFTEN,
    PATHS,
    RARE,
    SELDOM,
    TEXTS,
    VALUES,
)

COUNT, FEW = 5_000, 10
AT_ONCE = 2
SEED = 4830
MEMORY = 8 * 2**30
"""Bytes that one command may take; more is a message and exit code 6."""

OWN = ("hydra.run.dir", "hydra.sweep.dir", "steps", "data_dir", "device", "sweep.resume", "resume")
"""Keys that say where files go, or how long a run takes: not drawn with the others."""

LEAVES = ("outputs", "multirun")
"""Where a command writes that names no directory."""

SOURCES = {
    "loss.py": "start = {'a1': 1.0, 'b': [0.5, 2.0]}\n"
    "def loss(a1, b): return a1**2 + (b**2).sum()\n"
    "def metrics(a1, b): return {'my_gap': abs(a1), 'score2': b.sum()}\n",
    "net.py": "from torch import nn\n"
    "def model(features, outputs): return nn.Linear(features, outputs)\n",
    "rule.py": "def init(params): return {}\n"
    "def update(params, grads, lr, state):\n"
    "    return {k: p - lr * grads[k] for k, p in params.items()}, state\n",
    "grad.py": "def gradient(params): return {k: 0 * p for k, p in params.items()}\n",
    "table.csv": "a,b,kind\n1,2,x\n2,1,y\n3,5,x\n4,4,y\n5,1,x\n6,7,y\n7,7,x\n8,3,y\n",
    "split.txt": "".join(f"{i}\n" for i in range(30)),
    "submissions/ana.py": "def gradient(w, X, y): return X.T @ (X @ w - y)\n",
    "submissions/ben/mine.py": "def gradient(x): return 3 * x**2 - 3\n",
    "runs/evil/config.yaml": "problem: !!python/object/apply:os.mkdir [ran]\n",
    "runs/evil/metrics.csv": "step,seconds,loss\n0,0,1\n1,0,0.5\n",
}


def run(commands: Commands, place: Path, quick: bool) -> Tally:
    """Draw command lines and see how each ends."""
    return tried(commands, place, range(FEW if quick else COUNT))


def tried(commands: Commands, place: Path, numbers: range) -> Tally:
    """The command lines of these numbers, each drawn by itself."""
    tally, begun, kept = Tally(), [], files(commands, place / "files")
    for number in numbers:
        words = drawn(random.Random(f"{SEED}:{number}"))
        at = shutil.copytree(kept, place / str(number) / "here")
        begun.append((f"{number} {words}", words, at, begin(commands, at, words)))
        if len(begun) == AT_ONCE or number == numbers[-1]:
            for what, asked, where, child in begun:
                tally.count(what, wrong(commands, kept, where, asked, child))
                shutil.rmtree(where.parent, ignore_errors=True)
            begun.clear()
    return tally


def files(commands: Commands, place: Path) -> Path:
    """The directory of which each command gets a copy: files to name, runs, pickles that tell."""
    for name, text in SOURCES.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text, "utf-8")
    for name, problem in (("a", "polynomial"), ("b", "least_squares")):
        words = (f"problem={problem}", "steps=2", "figures=false", f"hydra.run.dir=runs/{name}")
        assert commands(place, *words, direct=False).code == 0
    torch.save({"w": Bomb(Path("ran"))}, place / "bomb.pt")
    with (place / "bomb.npz").open("wb") as file:
        np.savez(file, y=np.array([Bomb(Path("ran")), 1], object), allow_pickle=True)
    (place / "bomb.pkl").write_bytes(pickle.dumps(Bomb(Path("ran"))))
    return place


def drawn(chance: random.Random) -> list[str]:
    """A command line."""
    words = likely(chance) if chance.random() < 0.6 else stray(chance)
    if chance.random() < 0.06:
        words.append(chance.choice(INSTANCES))
    if chance.random() < 0.08:
        words.append(chance.choice(FLAGS))
    steps = chance.choice(("2", "2", "2", "2", "2", "2", "0", "-1", "x", "1" + "0" * 30, "null"))
    words += [f"steps={steps}", "figures=false"]
    if chance.random() < 0.5:
        chance.shuffle(words)
    return words


def stray(chance: random.Random) -> list[str]:
    """Keys and values of any kind, with or without a problem."""
    words = [f"problem={chance.choice(PROBLEMS)}"] if chance.random() < 0.9 else []
    for _ in range(chance.randrange(1, 4)):
        key = chance.choice(KEYS) if chance.random() < 0.9 else chance.choice(TEXTS)
        sign = chance.choice(("", "", "", "", "+", "++", "~"))
        words.append(f"{sign}{key}={value(chance, key)}")
    return words


def likely(chance: random.Random) -> list[str]:
    """A command that runs, with one to three of its keys given other values, or a sweep of some."""
    first = chance.random()
    task = RARE if first < 0.003 else chance.choice(SELDOM if first < 0.12 else OFTEN)
    problem = f"problem={chance.choice(PROBLEMS)}"
    if task == "task=grade":
        problem = chance.choice(("problem=least_squares", "problem=polynomial", "problem=file"))
    choices = [task, problem]
    if problem.removeprefix("problem=") in ("digits", "table", "mnist"):
        choices += chance.choice(([], ["model=logistic"], ["model=mlp"], ["model=file"]))
    for group in ("optimizer", "gradient"):
        if chance.random() < 0.5:
            choices.append(chance.choice([one for one in NEEDS if one.startswith(f"{group}=")]))
    words = [word for choice in choices for word in (choice, *NEEDS[choice])]
    here = [key for key in KEYS if belongs(key, choices)]
    for _ in range(chance.choice((0, 1, 1, 1, 2, 3))):
        key = chance.choice(here)
        word = f"{key}={value(chance, key)}"
        before = next((w for w in words if w.startswith(f"{key}=")), None)
        words = [word if one == before else one for one in words] + [word] * (before is None)
    return words + (["-m"] if chance.random() < 0.1 else [])


def value(chance: random.Random, key: str) -> str:
    """A value for a key: mostly of its own kind, or any."""
    if key in VALUES and chance.random() < 0.6:
        return chance.choice(VALUES[key])
    if key in PATH_KEYS and chance.random() < 0.6:
        return chance.choice(PATHS)
    return chance.choice(chance.choice((NUMBERS, NUMBERS, TEXTS, NESTED, INTERPOLATED)))


def belongs(key: str, choices: list[str]) -> bool:
    """Whether a run of these choices has the key."""
    owners = OWNERS[key]
    return not owners or any(owner in choices for owner in owners)


OWNERS = {key: owners for key, owners in known_keys().items() if not key.startswith(OWN)}
"""Keys that are drawn, and the choices that each belongs to."""

KEYS = tuple(OWNERS)
PROBLEMS = tuple(one.removeprefix("problem=") for one in NEEDS if one.startswith("problem="))


def begin(commands: Commands, at: Path, words: list[str]) -> Child:
    """Start a command with a home and a cache of its own beside its directory."""
    return commands.start(
        at,
        *words,
        environment={"HOME": str(at.parent / "home")},
        limits={"RLIMIT_AS": MEMORY, "RLIMIT_CPU": 60, "RLIMIT_FSIZE": 2**28},
    )


def wrong(commands: Commands, kept: Path, at: Path, words: list[str], child: Child) -> str | None:
    """What is wrong with how a command ended, or with what it left."""
    ended = commands.wait(child, timeout=600)  # that of the lecture on a busy machine
    said = ended.out + ended.err
    if ended.late:
        return "it hangs"
    asked = any(word.lstrip("+") == "debug=true" for word in words)
    if "Traceback" in said and not asked:
        return f"a traceback: {said.strip().splitlines()[-1]}"
    if ended.code not in CODES or (ended.code == 1 and "failed" not in said):
        return f"exit code {ended.code}: {said.strip()[-200:]}"
    if ended.code in (2, 3, 6) and "error: " not in said:
        return f"exit code {ended.code} without a message: {said.strip()[-200:]}"
    if ran := list(at.parent.rglob("ran")):
        return f"something ran: {ran[0]}"
    outside = {path.name for path in at.parent.iterdir()} - {"here", "home"}
    outside |= changed(kept, at, "task=export" in words)
    return f"written outside: {outside}" if outside else None


def changed(kept: Path, at: Path, exported: bool) -> set[str]:
    """Files that a command made or changed outside its own directory.

    Args:
        exported: whether runs were told to a tracker, of which a note is left with each.
    """
    before, after = contents(kept), contents(at)
    names = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    return {name for name in names if not (exported and name.startswith("runs/"))}


def contents(place: Path) -> dict[str, bytes]:
    """Every file below a directory, by its name; but those that a command may write."""
    found = {str(path.relative_to(place)): path for path in place.rglob("*") if path.is_file()}
    return {k: p.read_bytes() for k, p in found.items() if not k.startswith(LEAVES)}
