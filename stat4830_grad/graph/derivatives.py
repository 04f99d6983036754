"""The table of local derivatives: what each operation computes, and its derivative by each input.

Formulas are text; the numbers beside them in a trace come from autograd itself. `a`, `b`, `c` are
the inputs in torch's order and `out` is the output. An operation that is missing here is traced
all the same, with its values and without a formula. The page of a trace computes these same
formulas, as `reading.py` reads them, so that tests hold every one of them to torch's numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..system.wording import SUPERSCRIPTS, typeset


@dataclass(frozen=True)
class DerivativeRule:
    """One operation. `spread` says how a formula for one entry becomes a matrix:

    "diagonal": out_i depends on in_i alone; "as is": the formula is the whole matrix already;
    "moved": no arithmetic, and the formula is a word for a matrix of zeros and ones.
    A loss is given for one entry and then, by `reduction`, "sum" or "mean" over all.
    """

    operation: str
    value: str
    derivatives: tuple[str, ...]
    spread: str = "as is"
    reduction: str | None = None


def entrywise(operation: str, value: str, *derivatives: str) -> DerivativeRule:
    """An operation on each entry: its Jacobian is diagonal."""
    return DerivativeRule(operation, value, derivatives, "diagonal")


def matrix(operation: str, value: str, *derivatives: str) -> DerivativeRule:
    """An operation whose Jacobian is written with matrices."""
    return DerivativeRule(operation, value, derivatives)


PLUMBING = frozenset(
    ("view", "squeeze", "unsqueeze", "clone", "alias", "transpose", "permute", "expand")
)
"""Operations that hand entries on as they are: part of an edge, unless all nodes are asked for."""


def reshaping(operation: str, derivative: str = "I") -> DerivativeRule:
    """Moves, copies or picks entries; no arithmetic. P is a permutation matrix."""
    return DerivativeRule(operation, f"{operation}({{a}})", (derivative,), "moved")


# fmt: off
RULES: Mapping[str, DerivativeRule] = {
    # torch's name           operation     out                 ∂out/∂a             ∂out/∂b
    "Add":        entrywise("add",         "{a} + {scaled_b}", "1",                "{alpha}"),
    "Sub":        entrywise("subtract",    "{a} − {scaled_b}", "1",                "−{alpha}"),
    "Rsub":       entrywise("subtract",    "{b} − {a}",        "−1",               "1"),
    "Neg":        entrywise("negate",      "−{a}",             "−1"),
    "Mul":        entrywise("multiply",    "{product}",        "{b}",              "{a}"),
    "Div":        entrywise("divide",      "{a}/{b}",          "1/{b}",            "−{a}/{b}²"),
    "Reciprocal": entrywise("reciprocal",  "1/{a}",            "−{out}²"),
    "Pow":        entrywise("power",       "{power}",          "{slope}",          "{out} log {a}"),
    "Sqrt":       entrywise("root",        "√{a}",             "1/(2{dot}{out})"),
    "Exp":        entrywise("exp",         "exp({a})",         "{out}"),
    "Expm1":      entrywise("expm1",       "expm1({a})",       "{out} + 1"),
    "Log":        entrywise("log",         "log({a})",         "1/{a}"),
    "Log1P":      entrywise("log1p",       "log(1 + {a})",     "1/(1 + {a})"),
    "Log2":       entrywise("log2",        "log2({a})",        "1/({a} log 2)"),
    "Log10":      entrywise("log10",       "log10({a})",       "1/({a} log 10)"),
    "Sin":        entrywise("sin",         "sin({a})",         "cos({a})"),
    "Cos":        entrywise("cos",         "cos({a})",         "−sin({a})"),
    "Tan":        entrywise("tan",         "tan({a})",         "1 + {out}²"),
    "Asin":       entrywise("asin",        "asin({a})",        "1/√(1 − {a}²)"),
    "Acos":       entrywise("acos",        "acos({a})",        "−1/√(1 − {a}²)"),
    "Atan":       entrywise("atan",        "atan({a})",        "1/(1 + {a}²)"),
    "Sinh":       entrywise("sinh",        "sinh({a})",        "cosh({a})"),
    "Cosh":       entrywise("cosh",        "cosh({a})",        "sinh({a})"),
    "Abs":        entrywise("abs",         "|{a}|",            "sign({a})"),
    "Sgn":        entrywise("sign",        "sign({a})",        "0"),
    "Sign":       entrywise("sign",        "sign({a})",        "0"),
    "Maximum":    entrywise("maximum",     "max({a}, {b})", # at a tie, half of it goes to each
                            "1[{a} > {b}] + ½·1[{a} = {b}]", "1[{b} > {a}] + ½·1[{b} = {a}]"),
    "Minimum":    entrywise("minimum",     "min({a}, {b})",
                            "1[{b} > {a}] + ½·1[{a} = {b}]", "1[{a} > {b}] + ½·1[{b} = {a}]"),
    "Tanh":       entrywise("tanh",        "tanh({a})",        "1 − {out}²"),
    "Sigmoid":    entrywise("sigmoid",     "σ({a})",           "{out}(1 − {out})"),
    "LogSigmoid": entrywise("log sigmoid", "log σ({a})",       "σ(−{a})"),
    "Softplus":   entrywise("softplus",    "log(1 + exp({a}))", "σ({a})"),
    "Relu":       entrywise("relu",        "max({a}, 0)",      "1[{a} > 0]"),
    # from a first derivative: a is the gradient that arrived there, b what it was made from
    "TanhBackward":      entrywise("tanh′", "{a}(1 − {b}²)",    "1 − {b}²",     "−2·{a}·{b}"),
    "SigmoidBackward":   entrywise("σ′",    "{a}·{b}(1 − {b})", "{b}(1 − {b})", "{a}(1 − 2·{b})"),
    "ThresholdBackward": entrywise("relu′", "{a}·1[{b} > 0]",   "1[{b} > 0]",   "0"),
    # matrices and sums
    "Sum":        matrix("sum",            "Σ {a}",            "{ones}"),
    "Mean":       matrix("mean",           "mean {a}",         "{ones}/{count}"),
    "Dot":        matrix("dot",            "{aT}{b}",          "{bT}",             "{aT}"),
    "Mv":         matrix("matmul",         "{a} {b}",          "I⊗{bT}",           "{a}"),
    "Mm":         matrix("matmul",         "{a} {b}",          "{left}",           "{right}"),
    "Bmm":        matrix("matmul",         "{a} {b}",          "each I⊗{bT}",      "each {a}⊗I"),
    "Addmm":      matrix("add matmul",     "{a} + {b} {c}",    "I",   "I⊗{cT}",    "{b}⊗I"),
    "Addmv":      matrix("add matmul",     "{a} + {b} {c}",    "I",   "I⊗{cT}",    "{b}"),
    "LogSoftmax": matrix("log softmax",    "log softmax({a})", "each I − 1 exp({out})ᵀ"),
    "NllLoss":    matrix("nll",            "nll({a})"),
    # entries moved, copied or picked
    "View": reshaping("view"), "UnsafeView": reshaping("view"), "ReshapeAlias": reshaping("view"),
    "Squeeze": reshaping("squeeze"), "Unsqueeze": reshaping("unsqueeze"),
    "Clone": reshaping("clone"), "Alias": reshaping("alias"), "ToCopy": reshaping("convert"),
    "T": reshaping("transpose", "P"), "Transpose": reshaping("transpose", "P"),
    "Permute": reshaping("permute", "P"), "Expand": reshaping("expand", "I, copied"),
    "Select": reshaping("select", "rows of I"), "Slice": reshaping("slice", "rows of I"),
    "Index": reshaping("index", "rows of I"), "Unbind": reshaping("unbind", "rows of I"),
    "Split": reshaping("split", "rows of I"),
    "SliceBackward": reshaping("slice′", "columns of I"),
    "SelectBackward": reshaping("select′", "columns of I"),
}
# fmt: on


LOSSES: Mapping[str, tuple[str, str, str]] = {
    # torch's name                 operation        out               ∂out/∂a
    "BinaryCrossEntropyWithLogits": ("cross-entropy", "bce({a}, {b})", "σ({a}) − {b}"),
    "MseLoss":                      ("squared error", "({a} − {b})²",  "2({a} − {b})"),
    "HuberLoss":                    ("huber", "huber({a} − {b}, {delta})",
                                     "clip({a} − {b}, {delta})"),
}  # fmt: skip
"""For one entry. Cross-entropy on logits z: ∂/∂z = σ(z) − y (Bishop, PRML, eq. 4.90)."""


def rule_for(name: str, reduction: int | None = None) -> DerivativeRule | None:
    """The rule of torch's node `name` (`PowBackward0`); `reduction` is that of a loss."""
    key = torch_operation(name)
    if key not in LOSSES:
        return RULES.get(key)
    operation, value, slope = LOSSES[key]
    if not reduction:
        return DerivativeRule(operation, value, (slope,), "diagonal")
    over = "mean" if reduction == 1 else "sum"
    shown = value if value.startswith("bce") else f"{over.replace('sum', 'Σ')} {value}"
    whole = slope if slope.startswith("clip") else f"({slope})"
    row = f"{whole}ᵀ" + ("/{count}" if over == "mean" else "")
    return DerivativeRule(operation, shown, (row,), reduction=over)


def torch_operation(name: str) -> str:
    """`PowBackward0` -> `Pow`, `torch::autograd::CopySlices` -> `CopySlices`."""
    return re.sub(r"Backward\d*$", "", name.rsplit("::", 1)[-1])


def operation_name(name: str) -> str:
    """The field's word for torch's node `name`, else its own words: `LogSoftmax` -> log softmax."""
    rule = rule_for(name)
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", torch_operation(name)).lower()
    return rule.operation if rule else words


def fields(
    operands: list[str],
    out: str,
    alpha: str,
    out_shape: tuple[int, ...],
    in_size: int,
    delta: str = "δ",
) -> dict[str, str]:
    """What the templates of the table may name, as symbols or as numbers."""
    a, b, c = [*operands, "c", "c", "c"][:3]
    out_size = 1
    for length in out_shape:
        out_size *= length
    rows, columns = [*out_shape, 0, 0][:2]
    return {
        "a": a, "b": b, "c": c, "out": out,
        "alpha": alpha, "delta": delta, "scaled_b": b if alpha == "1" else product(alpha, b),
        "product": product(b, a) if is_number(b) else product(a, b),
        "power": power(a, b), "slope": slope(a, b),
        "aT": transpose(a), "bT": transpose(b), "cT": transpose(c),
        "left": transpose(b) if rows == 1 else f"I⊗{transpose(b)}",
        "right": a if columns == 1 else f"{a}⊗I",
        "ones": "1ᵀ" if out_size == 1 else "1ᵀ for each sum",
        "count": str(in_size // max(out_size, 1)),
        "dot": "·" if is_number(out) else "",
    }  # fmt: skip


def product(a: str, b: str) -> str:
    """`−3x` for a number other than 1 and a name, else `a·b`."""
    return f"{a}{b}" if is_number(a) and a != "1" and not is_number(b) else f"{a}·{b}"


def power(a: str, b: str) -> str:
    """`x³`, and `x^0.5` where there is no superscript."""
    whole = re.fullmatch(r"\(?(−?\d+)\)?", b)
    return a + whole[1].translate(SUPERSCRIPTS) if whole else f"{a}^{b}"


def slope(a: str, b: str) -> str:
    """b aᵇ⁻¹."""
    if not is_number(b):
        return f"{product(b, a)}^({b} − 1)"
    exponent = float(b.strip("()").replace("−", "-")) - 1
    lowered = typeset(exponent, 6)
    if exponent == 0:
        return b
    return product(b, a if exponent == 1 else power(a, lowered))


def transpose(name: str) -> str:
    """A ↦ Aᵀ, Aᵀ ↦ A."""
    return name[:-1] if name.endswith("ᵀ") else name + "ᵀ"


def is_number(text: str) -> bool:
    """True of `3`, `−0.5`, `(−2)` and of a power of one, like `1²`; false of a name, `1.bias`."""
    return re.match(r"\(?−?\d(?!\d*\.[A-Za-z_])", text) is not None


def spread(rule: DerivativeRule, formula: str, out_size: int, in_size: int) -> str:
    """The formula of one entry as the matrix of all of them."""
    if rule.spread != "diagonal" or out_size == 1:
        return "1" if formula == "I" and out_size == in_size == 1 else formula
    if re.fullmatch(r"−?1", formula):
        whole = formula.replace("1", "I")
    elif re.fullmatch(r"\(?−?[\d.e−]+\)?", formula):
        whole = f"{formula.strip('()')} I"
    else:
        whole = f"diag({formula})"
    return whole if in_size == out_size else f"{whole}, broadcast"
