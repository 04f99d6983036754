"""Runs that diverge: alone and in one row of a batch, by overflow, by data, by infinite weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from .commands import Commands
from .left import result, rude
from .tally import Tally

RULES = ("gd", "momentum", "nesterov", "adam", "torch_sgd", "torch optimizer.name=AdamW")
STEEP = ("problem=polynomial", "problem.coefficients=[1,0,0,0,0]", "steps=40", "log.every=10")
LARGE, USUAL = "1e18", "0.0015"
FAR = ("1e20", "1e90")
"""Initial points whose fourth power overflows, in float32 and in float64."""


def run(commands: Commands, place: Path, quick: bool) -> Tally:
    """Each optimizer alone and in a batch, both dtypes; then data and weights not finite."""
    tally = Tally()
    for dtype in ("float32",) if quick else ("float32", "float64"):
        for rule in RULES[:2] if quick else RULES:
            at = place / f"{rule.split()[0]}_{dtype}"
            at.mkdir()
            words = (*STEEP, *f"optimizer={rule}".split(), f"dtype={dtype}", "figures=false")
            tally.count(f"{rule}, {dtype}, alone", alone(commands, at, words))
            tally.count(f"{rule}, {dtype}, a row", one_row(commands, at, words))
    at = place / "not_finite"
    at.mkdir()
    for what, words in not_finite(at).items():
        ended = commands(at, *words, "figures=false", "hydra.run.dir=run")
        wrong = rude(ended) or (None if ended.code in (2, 3) else f"exit code {ended.code}")
        tally.count(what, wrong)
    return tally


def alone(commands: Commands, at: Path, words: tuple[str, ...]) -> str | None:
    """A run by itself says its status, the step and the quantity."""
    ended = commands(at, *words, f"optimizer.lr={LARGE}", "hydra.run.dir=alone")
    summary: dict[str, Any] = json.loads((at / "alone" / "summary.json").read_text("utf-8"))
    if ended.code != 4 or summary["status"] not in ("diverged", "increased"):
        return f"exit code {ended.code}, status {summary['status']}"
    if summary["status"] == "increased":  # such a rule makes steps of bounded length
        return None if "the loss increased: loss went from" in ended.out else ended.out[-300:]
    said = f"diverged: loss is {summary['final']['loss']} at step {summary['steps']} "
    return None if said in ended.out else f"not said: {said}"


def one_row(commands: Commands, at: Path, words: tuple[str, ...]) -> str | None:
    """In a batch the others have the bits that they have beside a run that does not diverge."""
    results = []
    far = FAR["dtype=float64" in words]
    for name, lr, x0 in (("with", LARGE, far), ("without", USUAL, "0.6")):
        # A class of torch's rounds as the largest step size has it: the initial point differs.
        by_point = "optimizer=torch" in words
        varied = f"problem.x0=[0.5,{x0},0.7]" if by_point else f"optimizer.lr=[0.001,{lr},0.002]"
        ended = commands(at, *words, varied, f"hydra.run.dir={name}")
        if ended.code:
            return f"exit code {ended.code}: {ended.err or ended.out[-300:]}"
        results.append(list(result(at / name)["jobs"].values()))
    for k in (0, 2):
        if results[0][k] != results[1][k]:
            return f"row {k} is another"
    status = results[0][1]["summary"][0]
    return None if status in ("diverged", "increased") else f"status {status}"


def not_finite(at: Path) -> dict[str, tuple[str, ...]]:
    """Tables with NaN and infinite numbers, and such weights."""
    table = ("problem=least_squares", "problem.file={}", "problem.target=y", "steps=3")
    found = {}
    for value in ("nan", "inf", "-inf", "1e999"):
        path = at / f"{value}.csv"
        path.write_text(f"a,b,y\n1,2,3\n4,{value},6\n7,8,10\n", "utf-8")
        found[f"{value} in a table"] = tuple(word.format(path.name) for word in table)
    for value in ("inf", "nan"):
        weights = torch.zeros(784)
        weights[7] = float(value)
        torch.save({"w": weights}, at / f"{value}.pt")
        words = ("problem=digits", "model=logistic", "steps=3")
        found[f"{value} in weights"] = (*words, f"model.init_from={value}.pt")
    return found
