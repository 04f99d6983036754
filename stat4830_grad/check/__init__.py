"""Do the gradients agree? Five ways to the same numbers, and how far apart they are."""

from .comparison import TOLERANCES, Difference, Pair, compare, tolerance
from .costs import MethodCost, cost_card
from .methods import CENTRAL, FORWARD, Evaluation, evaluate, nearby, probes
from .study import Study, study

__all__ = [
    "CENTRAL",
    "FORWARD",
    "TOLERANCES",
    "Difference",
    "Evaluation",
    "MethodCost",
    "Pair",
    "Study",
    "compare",
    "cost_card",
    "evaluate",
    "nearby",
    "probes",
    "study",
    "tolerance",
]
