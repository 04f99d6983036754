"""A real autograd graph as data: nodes, edges and what reverse mode passes along them."""

from .assembly import trace
from .parts import Contribution, Edge, Leaf, Node
from .summary import Summary, dimensions, number
from .tensors import trace_tensor
from .trace import Trace

__all__ = [
    "Contribution",
    "Edge",
    "Leaf",
    "Node",
    "Summary",
    "Trace",
    "dimensions",
    "number",
    "trace",
    "trace_tensor",
]
