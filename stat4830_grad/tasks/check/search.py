"""Which mistakes explain the answers: one, two together, and the fewest that explain all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, islice, product

from .evidence import Candidate, Evidence, Family, Mistakes
from .mistakes.recipe import Mistake


def candidates(evidence: Evidence) -> list[Candidate]:
    """All that explain something: none, one or two mistakes, until everything is explained."""
    pool = [evidence.candidate(())]
    if not unexplained(evidence, pool) and pool[0].cost(evidence.wrong) < 1.4:
        return pool
    pool += useful(evidence, together(evidence, ()))
    for _ in range(2):
        found = [c.mistakes for c in cover(evidence, pool) if 0 < len(c.mistakes) < 3]
        if not found or not unexplained(evidence, pool):
            break
        pool += useful(evidence, (one for before in found for one in together(evidence, before)))
    if left := unexplained(evidence, pool) or far_fetched(evidence, pool):
        few, many = touching(evidence, left)
        pool += useful(evidence, (join(a, b) for a, b in combinations(few, 2)))
        if unexplained(evidence, pool):
            pool += useful(evidence, (join(a, (b,)) for a in few for b in numbered(evidence, a)))
        if unexplained(evidence, pool):
            pool += useful(evidence, (join(a, b) for a, b in product(few, many)))
    return pool


FAR_FETCHED = 2.3
"""The cost above which an explanation is held against all pairs of mistakes, which cost 2 each."""


def far_fetched(evidence: Evidence, pool: Sequence[Candidate]) -> list[str]:
    """Parameters that are explained by what no two mistakes would need."""
    chosen = cover(evidence, pool)
    return [n for c in chosen if c.cost(c.explains) > FAR_FETCHED for n in c.explains]


def touching(evidence: Evidence, names: Sequence[str]) -> tuple[list[Mistakes], list[Mistakes]]:
    """The mistakes that change any of these gradients; apart from them those of which are many."""
    found: tuple[list[Mistakes], list[Mistakes]] = ([], [])
    for m in evidence.recipe.mistakes:
        if any(evidence.changes(evidence.gradient(0, (m,)), name) for name in names):
            found[m.alone].append((m,))
    return found


def together(evidence: Evidence, before: Mistakes) -> Iterator[Mistakes]:
    """These mistakes and one more, for each that there is."""
    yield from (join(before, (m,)) for m in evidence.recipe.mistakes)
    yield from (join(before, (m,)) for m in numbered(evidence, before))


def numbered(evidence: Evidence, before: Mistakes) -> Iterator[Mistake]:
    """Mistakes with a number in them that fits, together with these."""
    for family in evidence.recipe.families:
        if join(before, (family(0.0),)):
            yield from members(evidence, family, before)


def join(a: Mistakes, b: Mistakes) -> Mistakes:
    """Both; none where they are made at the same step, and the later does not change the earlier's.

    Mistakes that change one another's are joined in one order, that in which they are known.
    """
    steps = {m.step for m in a}
    clash = any(m.step in steps and (not m.chains or m in a) for m in b)
    return () if clash else (*a, *b)


def useful(evidence: Evidence, each: Iterable[Mistakes]) -> list[Candidate]:
    """Those that explain something, of as many as there is time for."""
    tried = islice(filter(None, each), evidence.most)
    return [c for one in tried if (c := evidence.candidate(one)).explains]


def members(evidence: Evidence, family: Family, before: Mistakes) -> Iterator[Mistake]:
    """Of mistakes with a number in them those with a number that fits one of the answers."""
    tried: set[float] = set()
    for name in evidence.wrong:
        for _, target, shapes in evidence.targets[name]:
            c = evidence.number(
                name, target, shapes, ((*before, family(0.0)), (*before, family(1.0)))
            )
            if c not in (0, 1, *tried):
                tried.add(c)
                yield family(c)


def unexplained(evidence: Evidence, pool: Sequence[Candidate]) -> list[str]:
    """Parameters that nothing in the pool explains."""
    return [n for n in evidence.wrong if not any(n in c.explains for c in pool)]


def cover(
    evidence: Evidence, pool: Sequence[Candidate], names: Iterable[str] | None = None
) -> list[Candidate]:
    """Few that explain all that can be: again and again what explains most, then the likeliest.

    Args:
        names: of the parameters to explain; all that are wrong by default.
    """
    left = set(evidence.wrong if names is None else names)
    chosen: list[Candidate] = []
    while left:
        best = max(
            pool,
            key=lambda c: (len(names := left & set(c.explains)), -c.cost(names)),
        )
        if not left & set(best.explains):
            break
        chosen.append(best)
        left -= set(best.explains)
    return chosen
