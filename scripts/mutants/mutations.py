"""Mistakes put into the source of a right gradient: other expressions at single statements.

What the mistake is called stands with its rule, so a mutant knows what is wrong with it.
"""

from __future__ import annotations

import ast
import itertools
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .rules import RULES, Rule


@dataclass(frozen=True)
class Mutation:
    """A rule at a statement."""

    rule: Rule
    line: int
    text: str  # the statement with the mistake


@dataclass(frozen=True)
class Mutant:
    """A source with one or two mistakes, and what names them: for each the kinds that do."""

    source: str
    mistakes: tuple[Mutation, ...]


def facts(source: str, name: str, layers: int) -> set[str]:
    """What a rule may ask for: of the source, and of the layer that the name is about."""
    layer = int(name[-1]) if name[-1].isdigit() else 0
    found = {
        "numpy": "np.asarray" in source,
        "torch": "np.asarray" not in source,
        "without l2": "l2" not in source,
        "binary": "1 / (1 +" in source or "sigmoid" in source,
        "classes": "e / n" in source,
        "samples": "n = len(y)" in source,
        "matrix": "a0 = X" in source,
        "hidden": 0 < layer < layers,
        "inner": 0 < layer < layers - 1,
    }
    return {fact for fact, holds in found.items() if holds}


def mutations(source: str, rules: Sequence[Rule] = RULES) -> Iterator[Mutation]:
    """Every rule at every statement that it is for."""
    tree = ast.parse(source)
    layers = max([int(k) for k in re.findall(r"\bz(\d) =", source)], default=0)
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)):
            continue
        name, value = node.targets[0].id, ast.unparse(node.value)
        known = facts(source, name, layers)
        for rule in rules:
            asked = set(filter(None, rule.where.split(" & ")))
            if re.fullmatch(rule.target, name) and re.search(rule.old, value) and asked <= known:
                yield Mutation(
                    rule, node.lineno, f"{name} = {filled(rule.new, name, node.value, layers)}"
                )


def filled(new: str, name: str, value: ast.expr, layers: int) -> str:
    """The template with the parts of the old value in it."""
    k = int(name[-1]) if name[-1].isdigit() else 0
    parts = {"v": ast.unparse(value), "k": k, "j": k - 1, "u": k + 1, "L": layers, "w": name[1:2]}
    parts["a"] = "p" if name == "s2" and "p" in ast.unparse(value) else f"a{k}"
    if isinstance(value, ast.BinOp):
        parts |= {"A": ast.unparse(value.left), "B": ast.unparse(value.right)}
    return new.format(**{"A": "", "B": ""} | parts)


def with_mutations(source: str, mutations: tuple[Mutation, ...]) -> str:
    """The source with these statements in place of what is there."""
    lines = source.splitlines()
    for one in mutations:
        old = lines[one.line - 1]
        lines[one.line - 1] = old[: len(old) - len(old.lstrip())] + one.text
    return "\n".join(lines) + "\n"


def mutants(source: str, pairs: int, seed: int) -> Iterator[Mutant]:
    """One mistake at a time, all of them; then so many pairs at different statements."""
    every = list(mutations(source))
    for one in every:
        yield Mutant(with_mutations(source, (one,)), (one,))
    both = [(a, b) for a, b in itertools.combinations(every, 2) if a.line != b.line]
    for two in random.Random(seed).sample(both, min(pairs, len(both))):
        yield Mutant(with_mutations(source, two), two)
