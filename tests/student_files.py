"""Gradients as students write them: right ones in several styles, wrong ones with what is wrong."""

from __future__ import annotations

from textwrap import dedent

LOOPS = """
    import math

    def gradient(w, X, y):
        n, p = len(X), len(w)
        g = [0.0] * p
        for i in range(n):
            r = sum(float(X[i, j]) * float(w[j]) for j in range(p)) - float(y[i])
            for j in range(p):
                g[j] += r * float(X[i, j])
        return g
"""

NUMPY_TUPLE = """
    import numpy as np

    def gradient(params, X, y):
        w1, b1, w2, b2 = (np.asarray(params[k]) for k in ("w1", "b1", "w2", "b2"))
        X, y = np.asarray(X), np.asarray(y)
        A = np.tanh(X @ w1.T + b1)
        z = A @ w2[0] + b2
        dz = (1 / (1 + np.exp(-z)) - y) / len(y)
        dZ1 = np.outer(dz, w2[0]) * (1 - A**2)
        return dZ1.T @ X, dZ1.sum(0), (dz @ A)[None], dz.sum()
"""

EINSUM_DICT = """
    import torch

    def gradient(w1, b1, w2, b2, X, y):
        z1 = torch.einsum("hd,nd->nh", w1, X) + b1
        a = z1.clamp(min=0)
        z = torch.einsum("oh,nh->no", w2, a) + b2
        dz = (torch.sigmoid(z) - y[:, None]) / len(y)
        dz1 = torch.einsum("no,oh->nh", dz, w2) * (z1 > 0)
        return {
            "b2": dz.sum(0),
            "w2": torch.einsum("no,nh->oh", dz, a),
            "b1": dz1.sum(0),
            "w1": torch.einsum("nh,nd->hd", dz1, X),
        }
"""

RIGHT = {
    "loops": ("least_squares", LOOPS),
    "numpy and a tuple": ("tanh_mlp", NUMPY_TUPLE),
    "einsum and a dict": ("relu_mlp", EINSUM_DICT),
    "a number": ("polynomial", "def gradient(x): return 3 * float(x) ** 2 - 3"),
    "the dict of parameters": (
        "composite",
        """
        import torch
        def gradient(params, y):
            x, w1, b1, w2, b2 = params.values()
            r = torch.relu(w1 @ x + b1)
            o = torch.tanh(w2 @ r + b2)
            dv = (o - y) * (1 - o * o)
            du = (w2.T @ dv) * (r > 0)
            return {"x": w1.T @ du, "w1": torch.outer(du, x), "b1": du,
                    "w2": torch.outer(dv, r), "b2": dv}
        """,
    ),
}

TANH_NET = """
    import torch

    def gradient(params, X, y):
        w1, b1, w2, b2 = params["w1"], params["b1"], params["w2"], params["b2"]
        n = len(y)
        z1 = X @ w1.T + b1
        a = torch.tanh(z1)
        z = (a @ w2.T + b2)[:, 0]
        dz = (torch.sigmoid(z) - y) / n
        slope = 1 - a**2
        dz1 = dz[:, None] * w2 * slope
        return {"w1": dz1.T @ X, "b1": dz1.sum(0), "w2": dz[None] @ a, "b2": dz.sum()}
"""
DEEP = """
    import torch

    def gradient(params, X, y):
        n = len(y)
        w1, b1, w2, b2, w3, b3 = params.values()
        z1 = X @ w1.T + b1
        a1 = ACT(z1)
        z2 = a1 @ w2.T + b2
        a2 = ACT(z2)
        z = (a2 @ w3.T + b3)[:, 0]
        dz3 = ((torch.sigmoid(z) - y) / n)[:, None]
        dz2 = (dz3 @ w3) * SLOPE(z2, a2)
        dz1 = (dz2 @ w2) * SLOPE(z1, a1)
        return dz1.T @ X, dz1.sum(0), dz2.T @ a1, dz2.sum(0), dz3.T @ a2, dz3.sum(0)
"""
DEEP_TANH = f"import torch\nACT = torch.tanh\nSLOPE = lambda z, a: 1 - a**2\n{dedent(DEEP)}"
DEEP_RELU = f"import torch\nACT = torch.relu\nSLOPE = lambda z, a: (z > 0).double()\n{dedent(DEEP)}"
LOGISTIC = """
    import torch

    def gradient(w, b, X, y):
        dz = (torch.sigmoid(X @ w + b) - y) / len(y)
        return {"w": X.T @ dz, "b": dz.sum()}
"""
SQUARES = "def gradient(w, X, y): return X.T @ (X @ w - y)"
CUBIC = "def gradient(x): return 3 * x**2 - 3"
COMPOSITE = RIGHT["the dict of parameters"][1]

ALL = ("w1", "b1", "w2", "b2")
HIDDEN = ("w1", "b1")

#  problem, right source, what is replaced by what, kind, parameters, a word of the sentence
WRONG = {
    "twice": ("least_squares", SQUARES, "X.T", "2 * X.T", "factor", ("w",), "2 times"),
    "half": ("least_squares", SQUARES, "X.T", "0.5 * X.T", "factor", ("w",), "½ times"),
    "mean for sum": (
        "least_squares",
        SQUARES,
        "(X @ w - y)",
        "(X @ w - y) / len(y)",
        "factor",
        ("w",),
        "1/n (n",
    ),
    "two over n": (
        "least_squares",
        SQUARES,
        "(X @ w - y)",
        "(X @ w - y) * 2 / len(y)",
        "factor",
        ("w",),
        "2/n",
    ),
    "sum for mean": ("tanh_mlp", TANH_NET, ") / n", ")", "factor", ALL, "n (n = 20) times"),
    "sign": ("least_squares", SQUARES, "X @ w - y", "y - X @ w", "sign", ("w",), "Xw − y"),
    "sign of error": (
        "logistic_bias",
        LOGISTIC,
        "torch.sigmoid(X @ w + b) - y",
        "y - torch.sigmoid(X @ w + b)",
        "sign",
        ("w", "b"),
        "σ(z) − y",
    ),
    "any factor": ("least_squares", SQUARES, "X.T", "3.7 * X.T", "factor", ("w",), "3.7"),
    "step size": ("least_squares", SQUARES, "X.T", "-0.01 * X.T", "factor", ("w",), "step size"),
    "updated": (
        "least_squares",
        SQUARES,
        "X.T",
        "w - 0.01 * X.T",
        "updated_parameter",
        ("w",),
        "of 0.01,",
    ),
    "penalty": ("least_squares", SQUARES, "- y)", "- y) + 0.3 * w", "penalty", ("w",), "0.3 times"),
    "y forgotten": ("least_squares", SQUARES, " - y", "", "label_forgotten", ("w",), "y is"),
    "y added": ("least_squares", SQUARES, "w - y", "w + y", "label_sign", ("w",), "sign"),
    "X forgotten": ("least_squares", SQUARES, "X.T @ ", "", "factor_forgotten", ("w",), "Xᵀ"),
    "norm": (
        "least_squares",
        SQUARES,
        "(X @ w - y)",
        "(X @ w - y) / (X @ w - y).norm()",
        "norm_not_squared",
        ("w",),
        "‖Xw − y‖",
    ),
    "transposed": (
        "tanh_mlp",
        TANH_NET,
        "dz1.T @ X",
        "X.T @ dz1",
        "transposed",
        ("w1",),
        "transpose",
    ),
    "transposed square": (
        "square_mlp",
        TANH_NET,
        "dz1.T @ X",
        "X.T @ dz1",
        "transposed",
        ("w1",),
        "transposed",
    ),
    "transposed and doubled": (
        "square_mlp",
        TANH_NET,
        "dz1.T @ X",
        "2 * X.T @ dz1",
        "factor",
        ("w1",),
        "2 times",
    ),
    "bias missing": ("logistic_bias", LOGISTIC, ', "b": dz.sum()', "", "missing", ("b",), "forgot"),
    "bias zero": ("logistic_bias", LOGISTIC, "dz.sum()", "0.0", "zero", ("b",), "zero"),
    "bias mean": ("tanh_mlp", TANH_NET, "dz1.sum(0)", "dz1.mean(0)", "factor", ("b1",), "1/n"),
    "bias not summed": ("tanh_mlp", TANH_NET, "dz1.sum(0)", "dz1", "not_summed", ("b1",), "axis 0"),
    "one weight zero": (
        "tanh_mlp",
        TANH_NET,
        "dz1.T @ X",
        "0 * w1",
        "zero",
        ("w1",),
        "term is missing",
    ),
    "slope at input": (
        "tanh_mlp",
        TANH_NET,
        "1 - a**2",
        "1 - z1**2",
        "slope_at_input",
        HIDDEN,
        "before tanh",
    ),
    "slope at output": (
        "tanh_mlp",
        TANH_NET,
        "1 - a**2",
        "1 - torch.tanh(a)**2",
        "slope_at_output",
        HIDDEN,
        "already",
    ),
    "slope forgotten": ("tanh_mlp", TANH_NET, " * slope", "", "slope_forgotten", HIDDEN, "tanh is"),
    "slope not squared": ("tanh_mlp", TANH_NET, "a**2", "a", "slope_not_squared", HIDDEN, "square"),
    "slope of sigmoid": (
        "tanh_mlp",
        TANH_NET,
        "1 - a**2",
        "a * (1 - a)",
        "slope_of_sigmoid",
        HIDDEN,
        "sigmoid",
    ),
    "sigmoid forgotten": (
        "tanh_mlp",
        TANH_NET,
        "torch.sigmoid(z)",
        "z",
        "sigmoid_forgotten",
        ALL,
        "sigmoid is",
    ),
    "sigmoid forgotten and no mean": (
        "tanh_mlp",
        TANH_NET,
        "(torch.sigmoid(z) - y) / n",
        "(z - y)",
        "factor",
        ALL,
        "n (n = 20) times",
    ),
    "sigmoid's slope kept": (
        "logistic_bias",
        LOGISTIC,
        ") / len(y)",
        ") / len(y) * torch.sigmoid(X @ w + b) * (1 - torch.sigmoid(X @ w + b))",
        "squared_error",
        ("w", "b"),
        "cancels",
    ),
    "decision": (
        "logistic_bias",
        LOGISTIC,
        "torch.sigmoid(X @ w + b)",
        "(X @ w + b > 0).double()",
        "decision_not_probability",
        ("w", "b"),
        "probability",
    ),
    "w2 forgotten": ("tanh_mlp", TANH_NET, " * w2", "", "factor_forgotten", HIDDEN, "w2"),
    "input not activated": (
        "tanh_mlp",
        TANH_NET,
        "dz[None] @ a",
        "dz[None] @ z1",
        "input_before_activation",
        ("w2",),
        "before",
    ),
    "accumulates": (
        "least_squares",
        SQUARES,
        SQUARES,
        "total = 0\ndef gradient(w, X, y):\n    global total\n"
        "    total = total + X.T @ (X @ w - y)\n    return total",
        "accumulates",
        ("w",),
        "twice the first",
    ),
    "accumulates in .grad": (
        "least_squares",
        SQUARES,
        SQUARES,
        "leaf = None\ndef gradient(w, X, y):\n    global leaf\n"
        "    leaf = w.requires_grad_() if leaf is None else leaf\n"
        "    (0.5 * ((X @ leaf - y) ** 2).sum()).backward()\n    return leaf.grad",
        "accumulates",
        ("w",),
        "zero",
    ),
    "in place": (
        "least_squares",
        SQUARES,
        SQUARES,
        "def gradient(w, X, y):\n    g = X.T @ (X @ w - y)\n    w -= 0.1 * g\n    return g",
        "in_place",
        (),
        "changes w",
    ),
    "not a number": (
        "least_squares",
        SQUARES,
        "X.T",
        "float('nan') * X.T",
        "not_finite",
        ("w",),
        "NaN",
    ),
    "float32": (
        "least_squares",
        SQUARES,
        SQUARES,
        "def gradient(w, X, y):\n    w, X, y = w.float(), X.float(), y.float()\n"
        "    return X.T @ (X @ w - y)",
        "rounding",
        ("w",),
        "float32",
    ),
    "no return": ("polynomial", CUBIC, "return 3", "3", "missing", (), "return"),
    "one tensor": (
        "tanh_mlp",
        TANH_NET,
        "return {",
        "return dz1.T @ X\n        {",
        "missing",
        (),
        "dict",
    ),
    "unknown name": ("logistic_bias", LOGISTIC, '"b":', '"bias":', "unknown", (), "bias"),
    "text": ("logistic_bias", LOGISTIC, "dz.sum()", "'b'", "not_numbers", ("b",), "str"),
    "term missing": ("polynomial", CUBIC, " - 3", "", "term_missing", ("x",), "3x"),
    "power kept": ("polynomial", CUBIC, "x**2", "x**3", "power_not_lowered", ("x",), "x³"),
    "power not multiplied": (
        "polynomial",
        CUBIC,
        "3 * x**2",
        "x**2",
        "power_not_multiplied",
        ("x",),
        "factor",
    ),
    "f itself": ("polynomial", CUBIC, "3 * x**2 - 3", "x**3 - 3*x", "no_derivative", ("x",), "f"),
    "term's sign": ("polynomial", CUBIC, "- 3", "+ 3", "term_sign", ("x",), "sign"),
    "relu forgotten": (
        "composite",
        COMPOSITE,
        " * (r > 0)",
        "",
        "slope_forgotten",
        ("x", "w1", "b1"),
        "relu",
    ),
    "tanh at the output": (
        "composite",
        COMPOSITE,
        "1 - o * o",
        "1 - torch.tanh(o)**2",
        "slope_at_output",
        ("x", "w1", "b1", "w2", "b2"),
        "already",
    ),
    "mean of outputs": (
        "composite",
        COMPOSITE,
        "(o - y)",
        "(o - y) * 2 / 3",
        "factor",
        ("x", "w1", "b1", "w2", "b2"),
        "2/m (m = 3)",
    ),
    "first slope": (
        "deep_tanh_mlp",
        DEEP_TANH,
        "* SLOPE(z1, a1)",
        "* (1 - z1**2)",
        "slope_at_input",
        HIDDEN,
        "hidden layer 1",
    ),
    "relu mask of the other layer": (
        "square_relu_mlp",
        DEEP_RELU,
        "SLOPE(z1, a1)",
        "SLOPE(z2, a2)",
        "slope_of_other_layer",
        HIDDEN,
        "layer 2",
    ),
}
