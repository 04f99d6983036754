"""float32 beside float64: an error in products, silence in sums, and too few digits to check."""

from __future__ import annotations

import torch

from .lesson import Pitfall, Print, Way


def product(print: Print) -> None:
    X = torch.eye(2, dtype=torch.float64)
    w = torch.ones(2)
    w.requires_grad_()
    f = (X @ w).sum()
    f.backward()
    print("f", f)


def entrywise(print: Print) -> None:
    x = torch.ones(2, dtype=torch.float64)
    w = torch.full((2,), 0.1)
    w.requires_grad_()
    f = (x * w).sum()
    f.backward()
    print("error * 1e9", 1e9 * (f - 0.2))
    float64 = f.dtype == torch.float64
    print("f is float64", float64)


def one_dtype(print: Print) -> None:
    X = torch.eye(2, dtype=torch.float64)
    w = torch.ones(2, dtype=X.dtype)
    w.requires_grad_()
    f = (X @ w).sum()
    f.backward()
    print("f", f)


DTYPES = Pitfall(
    name="dtypes",
    lecture=None,
    title="float32 and float64 in one formula",
    why=(
        "PyTorch makes float32, NumPy and pandas float64. A product of matrices refuses to mix "
        "them; entrywise operations do so silently, and the result is called float64 although 0.1 "
        "was rounded to float32 before. Make parameters with dtype=X.dtype."
    ),
    ways=(
        Way("wrong", "a float32 weight", product),
        Way("wrong", "digits that are not there", entrywise),
        Way("right", "one dtype for all", one_dtype),
    ),
)


def in_float32(print: Print) -> None:
    x = torch.tensor(1.5)
    h = 1e-6
    up, down = (x + h) ** 3, (x - h) ** 3
    print("slope", (up - down) / (2 * h))
    print("3x²", 3 * x**2)


def in_float64(print: Print) -> None:
    x = torch.tensor(1.5).double()
    h = 1e-6
    up, down = (x + h) ** 3, (x - h) ** 3
    print("slope", (up - down) / (2 * h))
    print("3x²", 3 * x**2)


def larger_step(print: Print) -> None:
    x = torch.tensor(1.5)
    h = 5e-3
    up, down = (x + h) ** 3, (x - h) ** 3
    print("slope", (up - down) / (2 * h))
    print("3x²", 3 * x**2)


DIFFERENCES = Pitfall(
    name="differences",
    lecture=None,
    title="A right gradient fails a numerical check in float32",
    why=(
        "float32 has 7 digits, f(x ± h) agree in the first 5 of them for h = 1e-6, and "
        "dividing by 2h magnifies the rounding of the others. Check in float64; where that cannot "
        "be, h = ∛ε ≈ 5e-3 is best, and 4 or 5 digits is all there is."
    ),
    ways=(
        Way("wrong", "h = 1e-6 in float32", in_float32),
        Way("right", "h = 1e-6 in float64", in_float64),
        Way("either", "h = 5e-3 in float32", larger_step),
    ),
)
