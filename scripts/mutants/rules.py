"""Mistakes as other expressions in the place of right ones, each with the names that it may get."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """In `new`, {v} is the old value, {A} and {B} are its operands; {k} is its layer, {j} the one
    below, {u} the one above, {L} the last; {a} is the layer's output, {w} is w or b."""

    kinds: tuple[str, ...]  # of the diagnosis, any of which says it
    target: str  # a pattern of the name
    new: str
    old: str = ""  # a pattern in the old value
    where: str = ""  # facts, with & between them


RULES = [
    # prediction
    Rule(
        ("sigmoid_forgotten", "softmax_forgotten", "tanh_forgotten"),
        "p",
        "z{L}",
        old="exp|sigmoid|softmax|tanh",
    ),
    Rule(("decision_not_probability",), "p", "(z{L} > 0) * 1.0", old="^1 / |sigmoid"),
    Rule(("prediction_sign",), "p", "1 / (1 + 2.718281828459045 ** z{L})", old="^1 / |sigmoid"),
    Rule(("sigmoid_twice",), "p", "1 / (1 + 2.718281828459045 ** -({v}))", old="^1 / |sigmoid"),
    Rule(
        ("tanh_not_sigmoid",),
        "p",
        "2 / (1 + 2.718281828459045 ** (-2 * z{L})) - 1",
        old="^1 / |sigmoid",
    ),
    Rule(
        ("sigmoid_not_softmax",),
        "p",
        "1 / (1 + 2.718281828459045 ** -z{L})",
        old="softmax|keepdims",
    ),
    Rule(("not_normalised",), "p", "2.718281828459045 ** z{L}", old="softmax|keepdims"),
    Rule(
        ("softmax_over_samples",),
        "p",
        "2.718281828459045 ** z{L} / (2.718281828459045 ** z{L}).sum(0)",
        old="softmax|keepdims",
    ),
    # error
    Rule(("sign",), "e", "{B} - {A}"),
    Rule(("label_forgotten",), "e", "{A}"),
    Rule(("prediction_forgotten",), "e", "-{B}"),
    Rule(("label_sign",), "e", "{A} + {B}"),
    Rule(("error_squared",), "e", "({v}) ** 2"),
    Rule(("error_forgotten",), "e", "0 * ({v}) + 1"),
    Rule(("absolute_error",), "e", "abs({v})"),
    Rule(("norm_not_squared",), "e", "({v}) / (({v}) ** 2).sum() ** 0.5", old="^p - Y$"),
    Rule(("squared_error",), "e", "({v}) * p * (1 - p)", old="^p - Y$", where="binary"),
    Rule(("sigmoid_slope_forgotten",), "e", "({v}) / (p * (1 - p))", old="^p - Y$", where="binary"),
    Rule(("slope_at_error",), "e", "({v}) * (1 - ({v}))", old="^p - Y$", where="binary"),
    # labels
    Rule(("labels_of_other_sign",), "Y", "2 * ({v}) - 1", where="classes"),
    Rule(("labels_exchanged",), "Y", "1 - {v}", where="binary"),
    # means
    Rule(("factor",), r"dz(\d)", "{A}", old="^e / n$"),
    Rule(("factor",), r"dz(\d)", "{v} / n", old="^e"),
    Rule(("factor",), r"dz(\d)", "2 * ({v})", old="^e"),
    Rule(("factor",), r"dz(\d)", "0.5 * ({v})", old="^e"),
    Rule(("factor",), r"dz(\d)", "({v}) / X.shape[1]", old=r"^e(?! \* s)"),
    Rule(("factor",), r"dz(\d)", "({v}) / m", old=r"^e \* s"),
    Rule(("factor",), r"dz(\d)", "0.01 * ({v})", old="^e"),
    Rule(
        ("subset",),
        r"dz(\d)",
        "({v}) * (np.arange(n) < n - 1).reshape([n] + [1] * (e.ndim - 1)) ",
        old=r"^e(?! \* s)",
        where="numpy",
    ),
    Rule(
        ("subset",),
        r"dz(\d)",
        "({v}) * (torch.arange(n) > 0).reshape([n] + [1] * (e.ndim - 1)) ",
        old=r"^e(?! \* s)",
        where="torch",
    ),
    # slopes
    Rule(("slope_forgotten",), r"s(\d)", "1.0"),
    Rule(("slope_at_input",), r"s(\d)", "1 - z{k} ** 2", old="^1 - [ap]"),
    Rule(("slope_not_squared",), r"s(\d)", "1 - {a}", old="^1 - [ap]"),
    Rule(("slope_sign",), r"s(\d)", "1 + {a} ** 2", old="^1 - [ap]"),
    Rule(("slope_of_sigmoid",), r"s(\d)", "{a} * (1 - {a})", old="^1 - [ap]"),
    Rule(("slope_squared",), r"s(\d)", "{a} ** 2", old="^1 - [ap]"),
    Rule(("slope_is_output",), r"s(\d)", "{a}"),
    Rule(("slope_twice",), r"s(\d)", "({v}) ** 2", old="^1 - [ap]"),
    Rule(("slope_of_relu",), r"s(\d)", "(z{k} > 0) * 1.0", old="^1 - [ap]"),
    Rule(("slope_at_output",), r"s(\d)", "1 - np.tanh({a}) ** 2", old="^1 - [ap]", where="numpy"),
    Rule(
        ("slope_at_output",), r"s(\d)", "1 - torch.tanh({a}) ** 2", old="^1 - [ap]", where="torch"
    ),
    Rule(("slope_at_gradient",), r"s(\d)", "1 - da{k} ** 2", old="^1 - a"),
    Rule(("slope_inverted",), r"s(\d)", "(z{k} <= 0) * 1.0", old=r"^\(z"),
    Rule(("slope_of_tanh",), r"s(\d)", "1 - a{k} ** 2", old=r"^\(z"),
    Rule(("slope_at_gradient",), r"s(\d)", "(da{k} > 0) * 1.0", old=r"^\(z"),
    Rule(("leaky",), r"s(\d)", "{v} + 0.01 * (z{k} <= 0)", old=r"^\(z"),
    Rule(("leaky",), r"s(\d)", "{v} + 0.2 * (z{k} <= 0)", old=r"^\(z"),
    # the way back
    Rule(("updated_weight",), r"da(\d)", "dz{u} @ (w{u} - 0.1 * dw{u})", old=r"^dz\d @ w"),
    Rule(("updated_weight",), r"da(\d)", "dz{u} @ (w{u} - 0.05 * dw{u})", old=r"^dz\d @ w"),
    Rule(
        ("factor_forgotten", "zero"),
        r"da(\d)",
        "dz{u}.sum(1)[:, None] + 0 * w{u}[0]",
        old=r"^dz\d @ w",
    ),
    Rule(("slope_left_out",), r"da(\d)", "da{u} @ w{u}", old=r"^dz\d @ w", where="inner"),
    Rule(("weight_squared",), r"da(\d)", "dz{u} @ w{u} ** 2", old=r"^dz\d @ w"),
    Rule(("sign",), r"da(\d)", "-({v})"),
    Rule(("factor",), r"da(\d)", "2 * ({v})"),
    # gradients of weights
    Rule(("transposed",), r"dw(\d)", "({v}).T", old=r"^dz\d\.T @ a"),
    Rule(("input_before_activation",), r"dw(\d)", "dz{k}.T @ z{j}", old=r"^dz\d\.T @ a[1-9]"),
    Rule(("input_forgotten",), r"dw(\d)", "dz{k}.sum(0)[:, None] + 0 * w{k}", old=r"^dz\d\.T @ a"),
    Rule(("input_forgotten",), r"dw(\d)", "dz1.sum(0) + 0 * w1", old=r"^X\.T @"),
    Rule(("factor_forgotten",), r"dw(\d)", "dz1", old=r"^X\.T @"),
    Rule(("subset",), r"dw(\d)", "dz{k}[-1:].T @ a{j}[-1:]", old=r"^dz\d\.T @ a"),
    Rule(("subset",), r"dw(\d)", "dz{k}[:1].T @ a{j}[:1]", old=r"^dz\d\.T @ a"),
    Rule(("subset",), r"dw(\d)", "X[-1] * dz1[-1]", old=r"^X\.T @"),
    Rule(("slope_left_out",), r"dw(\d)", "da{k}.T @ a{j}", old=r"^dz\d\.T @ a", where="hidden"),
    Rule(
        ("summed_too_early",), r"dw(\d)", "dz{k}.sum(0)[:, None] * a{j}.sum(0)", old=r"^dz\d\.T @ a"
    ),
    Rule(("input_squared",), r"dw(\d)", "dz{k}.T @ a{j} ** 2", old=r"^dz\d\.T @ a"),
    Rule(("input_squared",), r"dw(\d)", "(X ** 2).T @ dz1", old=r"^X\.T @"),
    # gradients of biases
    Rule(("factor",), r"db(\d)", "dz{k}.mean(0)", old="sum"),
    Rule(("wrong_axis",), r"db(\d)", "dz{k}.sum()", old="sum", where="matrix"),
    Rule(("not_summed",), r"db(\d)", "dz{k}", old="sum", where="matrix"),
    Rule(("subset",), r"db(\d)", "dz{k}[-1]", old="sum", where="matrix"),
    Rule(("slope_left_out",), r"db(\d)", "da{k}.sum(0)", old="sum", where="hidden"),
    # any gradient
    Rule(("factor",), r"d(?:[wb]\d|[xyz])", "2 * ({v})", old="^(?!d)"),
    Rule(("factor",), r"d(?:[wb]\d|[xyz])", "2 * ({v})", old="^d[wz]"),
    Rule(("factor",), r"d(?:[wb]\d|[xyz])", "3.7 * ({v})"),
    Rule(("factor",), r"d(?:[wb]\d|[xyz])", "({v}) * n", where="samples"),
    Rule(("sign",), r"d(?:[wb]\d|[xyz])", "-({v})"),
    Rule(("zero",), r"d(?:[wb]\d|[xyz])", "0 * ({v})"),
    Rule(("penalty",), r"d([wb])\d", "{v} + 0.3 * {w}{k}", where="without l2"),
    Rule(("penalty",), r"d([wb])\d", "{v} + 2 * 0.05 * {w}{k}", where="without l2"),
    Rule(("updated_parameter",), r"d([wb])\d", "{w}{k} - 0.1 * ({v})", where="without l2"),
    Rule(("penalty_forgotten",), r"dw\d", "{A}", old="l2"),
    Rule(("penalty_factor",), r"dw\d", "{A} + 2 * ({B})", old="l2"),
    Rule(("penalty_factor",), r"dw\d", "{A} + ({B}) / n", old="l2"),
    Rule(("penalty_sign",), r"dw\d", "{A} - {B}", old="l2"),
    Rule(("penalty_too_wide",), r"dw\d", "{A} + l2 * w1", old=r"l2 \* \(\("),
    # forward
    Rule(("bias_forgotten",), r"z(\d)", "{A}", old=r"\+ b"),
    Rule(("bias_sign",), r"z(\d)", "{A} - {B}", old=r"\+ b"),
    Rule(("activation_forgotten",), "a([1-9])", "z{k}"),
    Rule(("other_activation",), "a([1-9])", "np.maximum(z{k}, 0)", old="np.tanh"),
    Rule(("other_activation",), "a([1-9])", "torch.relu(z{k})", old="torch.tanh"),
    Rule(("other_activation",), "a([1-9])", "np.tanh(z{k})", old="np.max"),
    Rule(("other_activation",), "a([1-9])", "torch.tanh(z{k})", old="torch.relu"),
    # composite
    Rule(("factor_forgotten",), "dx", "dz1", old=r"w1\.T"),
    Rule(("slope_left_out",), "da1", "w2.T @ e", old=r"w2\.T"),
    # polynomials
    Rule(("power_not_lowered",), r"t\d", "({v}) * x", old=r"\*\*"),
    Rule(("power_not_multiplied", "term_factor"), "t3", "x ** 2", old=r"3 \* x"),
    Rule(("term_sign",), "dx", "{A} + {B}", old="^t3 - t1"),
    Rule(("term_missing",), "dx", "{A}", old="^t"),
    Rule(("term_kept",), "t1", "({v}) * x"),
    Rule(("term_kept",), "t3", "x ** 3", old=r"^3 \* x \*\* 2"),
    Rule(("term_factor",), r"t\d", "2 * ({v})"),
    # formulas
    Rule(("chain_rule",), "r1", "E / q1", old="E"),
    Rule(("chain_rule",), "r2", "E / q1", old="E"),
    Rule(("outer_forgotten",), "r1", "-y / q1", old="E"),
    Rule(("outer_forgotten",), "r2", "-x / q1", old="E"),
    Rule(("outer_forgotten",), "h1", "3 * x", old="0.1"),
    Rule(("coefficient_forgotten",), "t2", "max(y, 0.1)", old="0.1"),
    Rule(("quotient_rule",), "r3", "0 * ({v})"),
    Rule(("quotient_rule",), "dy", "{A} + {B}", old="- r3$"),
    Rule(("product_rule", "term_missing"), "u1", "0 * ({v})"),
    Rule(("term_missing", "product_rule"), "t2", "0 * ({v})", old="0.1"),
    Rule(("term_missing", "product_rule"), "h1", "0 * ({v})"),
    Rule(("term_missing", "quotient_rule", "outer_forgotten"), "r1", "0 * ({v})"),
    Rule(("term_sign",), "r1", "-({v})"),
    Rule(("term_sign", "product_rule"), "u1", "-({v})"),
    Rule(("term_factor",), "r1", "2 * ({v})"),
    Rule(("coefficient_forgotten", "term_factor"), "c1", "1.0"),
    Rule(("term_missing",), "c1", "0.0"),
    Rule(("term_sign",), "c1", "-0.5"),
    # loops
    Rule(("subset",), "rows", "range(n - 1)"),
    Rule(("subset",), "rows", "range(1, n)"),
    Rule(("subset",), "rows", "range(5)"),
]

OTHERWISE = [
    Rule(("slope_is_other",), r"s(\d)", "np.tanh(np.asarray(z{k}))", where="numpy"),
    Rule(("slope_is_other",), r"s(\d)", "torch.tanh(z{k})", where="torch"),
    Rule(("absolute_error",), "e", "({v}) / abs({v})"),
    *(
        Rule(("updated_parameter",), r"d([wb])\d", f"{{w}}{{k}} - {step} * ({{v}})")
        for step in ("0.2", "0.05", "0.37", "0.001", "0.1 / X.shape[1]", "0.1 / n", "0.1 * n")
    ),
    Rule(("factor",), r"dw\d", "7.4 * ({v})", old=r"^X\.T"),
    Rule(("slope_squared",), r"s(\d)", "z{k} ** 2", old="^1 - a"),
    Rule(("no_derivative",), "dx", "x ** 3 - 3 * x", old="^t3 - t1$"),
    Rule(("term_sign",), r"t\d", "-({v})"),
    Rule(("term_factor",), r"t\d", "0.5 * ({v})"),
    Rule(("term_missing",), r"t\d", "0 * ({v})"),
]
"""Other ways to what two of these make together: a step that a factor has changed, a sign moved to
the other term."""
