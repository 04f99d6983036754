"""Right gradients as people write them, statement by statement, in NumPy, in PyTorch and in loops.

They share no code with the package. Names say what a statement makes: `p` the prediction, `e` the
error, `s1` the slope of hidden layer 1, `dz1` ∂f/∂z, `da1` ∂f/∂a, `dw1` and `db1` the gradients.
"""

from __future__ import annotations

from textwrap import dedent

NUMPY = {"tanh": "np.tanh({})", "relu": "np.maximum({}, 0)", "slope_relu": "({} > 0) * 1.0"}
TORCH = {"tanh": "torch.tanh({})", "relu": "torch.relu({})", "slope_relu": "({} > 0).double()"}

EACH = {"numpy": "np.asarray(v)", "torch": "v"}

LINKS = {
    ("numpy", "binary"): "1 / (1 + np.exp(-{}))",
    ("torch", "binary"): "torch.sigmoid({})",
    ("numpy", "softmax"): "np.exp({0}) / np.exp({0}).sum(1, keepdims=True)",
    ("torch", "softmax"): "torch.softmax({}, 1)",
}
BEGIN = {
    "numpy": "X, y = np.asarray(X), np.asarray(y)",
    "torch": "n = len(y)",
}


def network(style: str, labels: str, activation: str, layers: int, l2: bool = False) -> str:
    """A network of some layers, in rows of samples; one layer is a linear model with a bias, whose
    parameters have no number."""
    names = [f"{kind}{k}" for k in range(1, layers + 1) for kind in "wb"]
    functions = {"numpy": NUMPY, "torch": TORCH}[style]
    lines = [
        BEGIN[style],
        f"{', '.join(names)} = ({EACH[style]} for v in params.values())",
        "n = len(y)",
    ]
    if labels == "binary":
        lines.append("Y = y[:, None]")
    else:
        lines.append("Y = np.eye(10)[y]" if style == "numpy" else "Y = torch.eye(10).double()[y]")
    lines.append("a0 = X")
    for k in range(1, layers + 1):
        lines.append(f"z{k} = a{k - 1} @ w{k}.T + b{k}")
        if k < layers:
            lines.append(f"a{k} = {functions[activation].format(f'z{k}')}")
    lines += [
        f"p = {LINKS[style, labels].format(f'z{layers}')}",
        "e = p - Y",
        f"dz{layers} = e / n",
    ]
    for k in range(layers, 0, -1):
        lines += [f"dw{k} = dz{k}.T @ a{k - 1}", f"db{k} = dz{k}.sum(0)"]
        if k > 1:
            slope = f"1 - a{k - 1} ** 2"
            if activation == "relu":
                slope = functions["slope_relu"].format(f"z{k - 1}")
            lines += [
                f"da{k - 1} = dz{k} @ w{k}",
                f"s{k - 1} = {slope}",
                f"dz{k - 1} = da{k - 1} * s{k - 1}",
            ]
    lines += [f"d{name} = d{name} + l2 * {name}" for name in names if l2 and name[0] == "w"]
    number = "1" if layers == 1 else ""
    answer = ", ".join(f'"{name.removesuffix(number)}": d{name}' for name in names)
    return function("params, X, y, l2" if l2 else "params, X, y", lines, answer)


def function(arguments: str, lines: list[str], answer: str) -> str:
    """The source of a file."""
    body = "\n".join(f"    {line}" for line in lines)
    head = "import numpy as np\nimport torch\n\n\ndef gradient"
    return f"{head}({arguments}):\n{body}\n    return {{{answer}}}\n"


def linear(style: str, kind: str, bias: bool = False, l2: str = "") -> str:
    """Least squares and logistic regression with a vector of weights.

    Args:
        l2: what the penalty is on.
    """
    z = "X @ w1" + (" + b1" if bias else "")
    link = {"squares": "{}", "binary": LINKS[style, "binary"]}[kind]
    names = ["w", "b"] if bias else ["w"]
    each = "np.asarray({})" if style == "numpy" else "{}"
    lines = [
        BEGIN[style],
        *(f"{name}1 = {each.format(name)}" for name in names),
        "n = len(y)",
        "Y = y",
    ]
    lines += [f"z1 = {z}", f"p = {link.format('z1')}", "e = p - Y"]
    lines += ["dz1 = e / n" if kind == "binary" else "dz1 = e", "dw1 = X.T @ dz1"]
    lines += ["db1 = dz1.sum(0)"] if bias else []
    lines += [f"dw1 = dw1 + l2 * {l2}"] if l2 else []
    return function(
        f"{', '.join(names)}, X, y{', l2' if l2 else ''}",
        lines,
        ", ".join(f'"{k}": d{k}1' for k in names),
    )


SOFTMAX = [network(style, "softmax", "", 1) for style in ("numpy", "torch")]
"""Of a linear model of ten classes."""

LOOPS = dedent("""
    def gradient(w, X, y):
        n, p_ = X.shape
        rows = range(n)
        g = [0.0] * p_
        for i in rows:
            z = sum(float(X[i, j]) * float(w[j]) for j in range(p_))
            e = z - float(y[i])
            for j in range(p_):
                g[j] += e * float(X[i, j])
        return {"w": g}
""")

COMPOSITE = {
    style: function(
        "params, y",
        [
            f"x, w1, b1, w2, b2 = ({EACH[style]} for v in params.values())",
            *(["y = np.asarray(y)"] if style == "numpy" else []),
            "m = len(y)",
            "Y = y",
            "z1 = w1 @ x + b1",
            f"a1 = {functions['relu'].format('z1')}",
            "z2 = w2 @ a1 + b2",
            f"p = {functions['tanh'].format('z2')}",
            "e = p - Y",
            "s2 = 1 - p ** 2",
            "dz2 = e * s2",
            "dw2 = dz2[:, None] * a1",
            "db2 = dz2 * 1",
            "da1 = w2.T @ dz2",
            f"s1 = {functions['slope_relu'].format('z1')}",
            "dz1 = da1 * s1",
            "dw1 = dz1[:, None] * x",
            "db1 = dz1 * 1",
            "dx = w1.T @ dz1",
        ],
        '"x": dx, "w1": dw1, "b1": db1, "w2": dw2, "b2": db2',
    )
    for style, functions in (("numpy", NUMPY), ("torch", TORCH))
}

FORMULA = dedent("""
    def gradient(params):
        x, y, z1 = (np.asarray(v) for v in params.values())
        E = np.exp(-x * y)
        T = np.tanh(z1)
        q1 = 1 + y ** 2
        t3 = 3 * x ** 2
        t2 = 3 * max(y, 0.1)
        r1 = -y * E / q1
        u1 = T * np.sign(x)
        dx = t3 - t2 + r1 + u1
        h1 = 3 * x * (y > 0.1)
        r2 = -x * E / q1
        r3 = 2 * y * E / q1 ** 2
        dy = -h1 + r2 - r3
        a1 = T
        s1 = 1 - a1 ** 2
        c1 = 0.5
        dz = s1 * abs(x) - c1
        return {"x": dx, "y": dy, "z": dz}
""")
"""Of x³ − 3x max(y, 0.1) + exp(−xy)/(1 + y²) + tanh(z)|x| − z/2."""

CUBIC = function("x", ["t3 = 3 * x ** 2", "t1 = 3", "dx = t3 - t1"], '"x": dx')
QUARTIC = function(
    "x", ["t4 = x ** 3", "t3 = 3 * x ** 2", "t1 = 2", "dx = t4 - t3 + t1"], '"x": dx'
)

SOLUTIONS = {
    "least_squares numpy": ("least_squares", linear("numpy", "squares")),
    "least_squares torch": ("least_squares", linear("torch", "squares")),
    "least_squares loops": ("least_squares", LOOPS),
    "ridge torch": ("ridge", linear("torch", "squares", l2="((torch.arange(len(w1)) > 0) * w1)")),
    "logistic numpy": ("logistic", linear("numpy", "binary")),
    "logistic_bias torch": ("logistic_bias", linear("torch", "binary", bias=True)),
    "relu_mlp numpy": ("relu_mlp", network("numpy", "binary", "relu", 2)),
    "tanh_mlp torch": ("tanh_mlp", network("torch", "binary", "tanh", 2)),
    "tanh_mlp numpy": ("tanh_mlp", network("numpy", "binary", "tanh", 2)),
    "tanh_mlp_l2 torch": ("tanh_mlp_l2", network("torch", "binary", "tanh", 2, l2=True)),
    "deep_tanh_mlp torch": ("deep_tanh_mlp", network("torch", "binary", "tanh", 3)),
    "deep_relu_mlp numpy": ("deep_relu_mlp", network("numpy", "binary", "relu", 4)),
    "softmax_relu_mlp torch": ("softmax_relu_mlp", network("torch", "softmax", "relu", 2)),
    "softmax_deep_tanh_mlp numpy": (
        "softmax_deep_tanh_mlp",
        network("numpy", "softmax", "tanh", 3),
    ),
    "softmax_bias numpy": ("softmax_bias", SOFTMAX[0]),
    "softmax_bias torch": ("softmax_bias", SOFTMAX[1]),
    "file_model torch": (
        "file_model",
        SOFTMAX[1].replace('"w"', '"weight"').replace('"b"', '"bias"'),
    ),
    "formula numpy": ("formula", "import numpy as np\n" + FORMULA),
    "composite numpy": ("composite", COMPOSITE["numpy"]),
    "composite torch": ("composite", COMPOSITE["torch"]),
    "cubic": ("polynomial", CUBIC),
    "quartic": ("quartic", QUARTIC),
}
"""Name -> (case of tests/cases.py, source)."""
