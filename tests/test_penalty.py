"""L2 penalties: scikit-learn's minimisers, theory, batches, and what is said of a wrong one."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
import torch
from cases import objective, relative, split, start
from conftest import Cli
from sklearn.linear_model import LogisticRegression, Ridge
from test_student import diagnosis
from torch import Tensor

from stat4830_grad.config import schema
from stat4830_grad.config.composing import compose
from stat4830_grad.config.optimizers import GD
from stat4830_grad.gradients.file import gradient_from
from stat4830_grad.gradients.methods import GRADIENTS
from stat4830_grad.problems import Classification, LeastSquares
from stat4830_grad.problems.likelihoods import BINARY, Softmax
from stat4830_grad.problems.models import MLP, TANH, Logistic
from stat4830_grad.training.experiment import build
from stat4830_grad.training.loop import evaluate
from stat4830_grad.training.rows import read_rows
from stat4830_grad.training.step_sizes import warning
from stat4830_grad.training.theory import forecast

QUADRATIC = ("problem=least_squares", "problem.n=40", "problem.p=3", "problem.w_star=null")


def ridge(strength: Tensor, *, ones_first: bool) -> LeastSquares:
    """Sixty samples of five columns, with penalties λ = `strength` (*K,)."""
    generator = torch.Generator().manual_seed(5)
    X = torch.randn(60, 5, generator=generator, dtype=torch.float64)
    if ones_first:
        X[:, 0] = 1
    y = 3 + X @ torch.randn(5, generator=generator, dtype=torch.float64)
    return LeastSquares(X, y, torch.zeros(5), ones_first=ones_first).penalised(strength)


@pytest.mark.parametrize("ones_first", [False, True])
def test_the_minimiser_of_least_squares_is_scikit_learns_ridge(ones_first: bool) -> None:
    strengths = torch.tensor([0.01, 3.0, 200.0], dtype=torch.float64)
    f = ridge(strengths, ones_first=ones_first)
    features = f.X[:, 1:] if ones_first else f.X
    for k, strength in enumerate(strengths.tolist()):
        theirs = Ridge(alpha=strength, fit_intercept=ones_first, tol=1e-12)
        theirs.fit(features.numpy(), f.y.numpy())
        intercept = [theirs.intercept_] if ones_first else []
        expected = torch.tensor([*intercept, *theirs.coef_], dtype=torch.float64)
        torch.testing.assert_close(f.minimiser[k], expected, rtol=1e-9, atol=1e-10)
        alone = f.penalised(strengths[k])
        loss, grads = alone.loss_and_gradient(alone.solution())
        assert float(grads["w"].abs().max()) < 1e-9 * float(loss)


@pytest.mark.parametrize("classes", [2, 10])
def test_scikit_learns_logistic_regression_is_a_minimiser(classes: int) -> None:
    """Theirs minimises ½‖w‖² + C Σ (cross-entropy), the intercept left out: λ = 1/(nC)."""
    data = split(torch.float64, classes)
    strength, n = 0.05, len(data.train.y)
    likelihood = BINARY if classes == 2 else Softmax(10)
    plain = Classification(Logistic(bias=True, outputs=likelihood.outputs), data, likelihood)
    f = plain.penalised(torch.tensor(strength))
    theirs = LogisticRegression(C=1 / (n * strength), tol=1e-12, max_iter=10_000)
    theirs.fit(data.train.X.numpy(), data.train.y.numpy())
    w, b = (torch.tensor(value).squeeze(0) for value in (theirs.coef_, theirs.intercept_))
    _, grads = f.loss_and_gradient({"w": w, "b": b})
    assert max(float(g.abs().max()) for g in grads.values()) < 1e-6
    _, forgotten = plain.loss_and_gradient({"w": w, "b": b})
    assert float(forgotten["w"].abs().max()) > 1e-3


def test_the_logged_loss_is_what_is_minimised_and_the_data_have_a_column() -> None:
    f = objective("tanh_mlp_l2")
    assert isinstance(f, Classification)
    params = start(f, seed=0)
    squares = sum((params[name] ** 2).sum() for name in ("w1", "w2"))  # no biases
    values = evaluate(f, params, params, rows=0)
    of_data = Classification(f.model, f.data).metrics(params)
    torch.testing.assert_close(values["train_loss"], f.loss(params))
    torch.testing.assert_close(values["data_loss"], of_data["train_loss"])
    torch.testing.assert_close(values["train_loss"] - values["data_loss"], 0.15 * squares)
    torch.testing.assert_close(values["val_loss"], of_data["val_loss"])


@pytest.mark.parametrize("kind", ["least_squares", "network"])
def test_each_run_of_a_batch_has_its_own_penalty(kind: str) -> None:
    strengths = torch.tensor([0.0, 0.2, 5.0], dtype=torch.float64)
    f: LeastSquares | Classification
    if kind == "network":
        f = Classification(MLP((4, 3), TANH), split(torch.float64)).penalised(strengths)
    else:
        f = ridge(strengths, ones_first=True)
    starts = [start(f, seed) for seed in range(3)]
    together = {name: torch.stack([one[name] for one in starts]) for name in starts[0]}
    for gradient in GRADIENTS.values():
        loss, grads = gradient(f, together)
        for k, strength in enumerate(strengths):
            alone = f.penalised(strength)
            loss_k, grads_k = gradient(alone, starts[k])
            assert relative(loss[k], loss_k) < 1e-12
            assert all(relative(grads[name][k], grads_k[name]) < 1e-12 for name in grads)
            for name, value in alone.metrics(starts[k]).items():
                assert relative(f.metrics(together)[name][k], value) < 1e-12


def test_without_a_penalty_nothing_is_added() -> None:
    for words in (QUADRATIC, ("problem=digits", "model=logistic", "products=torch")):
        built = build([compose(*words, "device=cpu")], torch.Size(()))
        f = built.objective
        assert isinstance(f, LeastSquares | Classification)
        assert f.penalty is None
        assert "data_loss" not in [metric.name for metric in built.columns]


@pytest.mark.parametrize("words", [(), ("problem.w0=[1,1,1]",), ("problem.n=2",)])
def test_the_spectrum_is_that_of_the_hessian(words: tuple[str, ...]) -> None:
    """Where X has no full rank, descent from the origin moves along its rows only."""
    built = build([compose(*QUADRATIC, *words, "problem.l2=0.25", "dtype=float64")], torch.Size(()))
    f = built.objective
    assert isinstance(f, LeastSquares)
    eigenvalues = torch.linalg.eigvalsh(f.X.mT @ f.X) + 0.25
    known = forecast(f, GD(lr=0.1))
    least = eigenvalues[-2] if len(f.X) == 2 else eigenvalues[0]
    assert known["lambda_max"] == pytest.approx(float(eigenvalues[-1]), rel=1e-9)
    assert known["mu"] == pytest.approx(float(least), rel=1e-9)
    assert known["step_limit"] == pytest.approx(2 / float(eigenvalues[-1]), rel=1e-9)


def test_an_intercept_has_no_part_in_the_penalised_spectrum() -> None:
    f = ridge(torch.tensor(7.0, dtype=torch.float64), ones_first=True)
    hessian = f.X.mT @ f.X + torch.diag(torch.tensor([0.0, 7, 7, 7, 7])).double()
    eigenvalues = torch.linalg.eigvalsh(hessian)
    known = forecast(f, GD(lr=0.1))
    found = (known["mu"], known["lambda_max"])
    assert found == pytest.approx((float(eigenvalues[0]), float(eigenvalues[-1])), rel=1e-9)


def test_a_strong_penalty_makes_a_step_size_too_large() -> None:
    def said(strength: float) -> str | None:
        words = ("problem=digits", "products=torch", "optimizer.lr=0.01", "device=cpu")
        config = compose(*words, f"problem.l2={strength}")
        return warning(build([config], torch.Size(())).objective, config)

    assert said(1) is None
    remark = said(250)
    assert remark is not None
    assert "may be too large" in remark
    assert "2/(λmax(XᵀX)/(4n) + l2)" in remark


def test_below_that_limit_the_penalised_loss_falls_and_theory_gives_the_rate(
    cli: Cli, tmp_path: Path
) -> None:
    """A sweep over penalties: a batch, and a run alone, as one without a penalty has no column."""
    done = cli(
        *(*QUADRATIC, "dtype=float64", "figures=false", "steps=150", "optimizer.lr=0.01"),
        *("problem.l2=[0,0.5,20,500]", f"hydra.run.dir={tmp_path / 's'}"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("runs in one batch") == done.stdout.count("a run alone") == 1
    assert "(003_l2_500) is too large: gradient descent converges for lr < 2/L" in done.stdout
    for name, strength in (("000_l2_0", 0.0), ("001_l2_0.5", 0.5), ("002_l2_20", 20.0)):
        logged = read_rows(tmp_path / "s" / name)
        single = build(
            [compose(*QUADRATIC, "dtype=float64", f"problem.l2={strength}")], torch.Size(())
        )
        records = single.train(single.start(), steps=150, due=lambda t: True)
        last = [record for _, record in records][-1].values
        assert ("data_loss" in logged[0]) == (strength > 0)
        for column, value in last.items():
            assert logged[-1][column] == pytest.approx(float(value), rel=1e-9, abs=1e-12)


SQUARES = (
    "def gradient(w, X, y, l2):\n    g = X.T @ (X @ w - y)\n    g[1:] += l2 * w[1:]\n    return g"
)
NET = """
    import torch
    def gradient(w1, b1, w2, b2, X, y, l2):
        a = torch.tanh(X @ w1.T + b1)
        dz = (torch.sigmoid((a @ w2.T + b2)[:, 0]) - y) / len(y)
        dz1 = dz[:, None] * w2 * (1 - a**2)
        return {"w1": dz1.T @ X + l2 * w1, "b1": dz1.sum(0),
                "w2": (dz @ a)[None] + l2 * w2, "b2": dz.sum()[None]}
"""
WEIGHTS, ALL = ("w1", "w2"), ("w1", "b1", "w2", "b2")


def test_a_gradient_of_ones_own_gets_the_penalty_of_its_run(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(SQUARES, "utf-8")
    mine = gradient_from(schema.Gradient("file", path=str(path), trusted=True))
    f = ridge(torch.tensor([0.0, 0.5, 9.0], dtype=torch.float64), ones_first=True)
    w = torch.randn(3, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    for params, target in (({"w": w}, f), ({"w": w[1]}, f.of_run(1))):
        _, grads = mine(target, params)
        torch.testing.assert_close(grads["w"], target.loss_and_gradient(params)[1]["w"])
    alone = f.of_run(1)
    assert alone.of_run(0) is alone
    torch.testing.assert_close(alone.minimiser, f.minimiser[1])


@pytest.mark.parametrize(
    ("problem", "old", "new", "kind", "names", "word"),
    [
        ("ridge", "    g[1:] += l2 * w[1:]\n", "", "penalty_forgotten", ("w",), "add l2·w"),
        ("ridge", "l2 *", "2 * l2 *", "penalty_factor", ("w",), "not 2·l2·w"),
        ("ridge", "+= l2", "-= l2", "penalty_sign", ("w",), "wrong sign"),
        ("ridge", "g[1:] += l2 * w[1:]", "g += l2 * w", "penalty_too_wide", ("w",), "intercept"),
        ("ridge", "@ w - y", "@ w", "label_forgotten", ("w",), "y is forgotten"),
        ("ridge", "X.T @", "2 * X.T @", "factor", ("w",), "part without the penalty is 2 times"),
        ("tanh_mlp_l2", " + l2 * w1", "", "penalty_forgotten", ("w1",), "add l2·w"),
        ("tanh_mlp_l2", "l2 * w", "l2 / len(y) * w", "penalty_factor", WEIGHTS, "no mean"),
        ("tanh_mlp_l2", "dz1.sum(0)", "dz1.sum(0) + l2 * b1", "penalty_too_wide", ("b1",), "bias"),
        ("tanh_mlp_l2", ") / len(y)", ")", "factor", ALL, "part without the penalty is n"),
        ("tanh_mlp_l2", "1 - a**2", "1 - a", "slope_not_squared", ("w1", "b1"), "square"),
        ("least_squares", "y, l2)", "y)", "penalty", ("w",), "not in the loss"),
    ],
)
def test_what_is_wrong_with_a_penalty_is_named(
    tmp_path: Path,
    problem: str,
    old: str,
    new: str,
    kind: str,
    names: tuple[str, ...],
    word: str,
) -> None:
    right = dedent(NET) if problem == "tanh_mlp_l2" else SQUARES
    if problem == "least_squares":
        right = right.replace("g[1:] += l2 * w[1:]", "g += 0.7 * w")
    else:
        assert diagnosis(tmp_path, problem, right).accepted
    assert old in right
    found = diagnosis(tmp_path, problem, right.replace(old, new)).findings
    assert (kind, names) in [(f.kind, f.parameters) for f in found], found
    assert word in next(f.sentence for f in found if f.kind == kind)
