"""What is run, what must not matter for it, and what may."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field

COMMON = ("device=cpu", "steps=20", "log.every=1", "optimizer=adam", "optimizer.lr=0.01")
MODELS = ("model=logistic", "model=relu_mlp", "model=tanh_mlp")
PROBLEMS = ("problem=polynomial", "problem=composite", "problem=least_squares")
GRADIENTS = ("manual", "backward", "autograd_grad")
DTYPES = ("float32", "float64")
SWEEP = "optimizer.lr=[0.001,0.01,0.1]"
STRETCH = ("steps=60000", "log.every=20500", "gradient=manual")
CHAOTIC = ("problem=polynomial", "problem.x0=-0.95", "optimizer=gd", "optimizer.lr=0.49", *STRETCH)
FORMULA = ("problem.f='exp(-x)+x**2'", "problem.start.x=1")
LONG = {
    "polynomial_long_float32": CHAOTIC,
    "polynomial_long_float64": ("dtype=float64", *CHAOTIC),
    "formula_long_float32": ("problem=formula", *FORMULA, *STRETCH),
}
"""Compiled code makes all updates of the polynomial, whose x never settles, and of the formula all
but the first 20,000."""


def configurations() -> dict[str, tuple[str, ...]]:
    """Name, as of a directory -> overrides, besides COMMON, of every run that is repeated."""
    every = itertools.product((*MODELS, *PROBLEMS), GRADIENTS, DTYPES)
    chosen = [(what, f"gradient={gradient}", f"dtype={dtype}") for what, gradient, dtype in every]
    for dtype in DTYPES:
        chosen += [(model, "products=torch", f"dtype={dtype}") for model in MODELS]
        chosen += [("model=relu_mlp", "model.hidden=[64,32]", f"dtype={dtype}")]
        chosen += [("model=relu_mlp", SWEEP, f"dtype={dtype}")]
    named = {"_".join(word.split("=")[1] for word in words): words for words in chosen}
    return named | LONG


@dataclass(frozen=True)
class Condition:
    """What differs from one run of the same command to another, and must not matter."""

    name: str
    environment: Mapping[str, str] = field(default_factory=dict)
    imported: tuple[str, ...] = ()  # modules that are imported before ours
    below: str = ""  # directory in which the command is given
    figures: bool = False
    busy: bool = False  # other processes keep all cores busy
    cut: bool = False  # ended by SIGTERM, and resumed by another process


CONDITIONS = (
    Condition("cold cache"),
    Condition("warm cache"),
    Condition("1,000 bytes more of environment", {"PADDING": "x" * 1000}),
    Condition("50,003 bytes more of environment", {"PADDING": "x" * 50_003}),
    # Every byte that malloc gives is 0x5a at first, and large blocks come from the heap, unaligned.
    Condition("other memory", {"MALLOC_PERTURB_": "165", "MALLOC_MMAP_THRESHOLD_": "1000000000"}),
    Condition("another directory", below=f"a/long/way/down/{'d' * 99}"),
    Condition(
        "imports in another order",
        {"PYTHONHASHSEED": "1"},
        imported=("sklearn.datasets", "matplotlib.pyplot", "numba", "scipy.optimize"),
    ),
    Condition("a console of 40 columns", {"COLUMNS": "40"}),
    Condition("figures", figures=True),
    Condition("busy cores", busy=True),
    Condition("cut and resumed", cut=True),
)
"""The first is what the others are compared with; its process compiles what the others load."""

QUICK = ("cold cache", "warm cache", "imports in another order", "busy cores", "cut and resumed")


@dataclass(frozen=True)
class Setting:
    """What may change bits: threads, and the vector instructions that torch uses."""

    threads: int
    capability: str | None  # None where ATEN_CPU_CAPABILITY has no levels

    @property
    def name(self) -> str:
        """As in the table: `avx2 2 threads`."""
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        return f"{self.capability or 'native'} {threads}"

    @property
    def environment(self) -> dict[str, str]:
        """The variable by which torch takes only these instructions."""
        return {"ATEN_CPU_CAPABILITY": self.capability} if self.capability else {}


LEVELS = ("default", "avx2", "avx512")


def settings(*, quick: bool) -> list[Setting]:
    """One and two threads, each with every level that is there; for `quick` only with the best.

    One thread alone where there is one CPU.
    """
    import torch

    from stat4830_grad.system.threads import available

    best = torch.backends.cpu.get_cpu_capability().lower()
    there = LEVELS[: LEVELS.index(best) + 1] if best in LEVELS else (None,)
    return [
        Setting(n, level)
        for level in (there[-1:] if quick else there)
        for n in range(1, min(2, available()) + 1)
    ]
