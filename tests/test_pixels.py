"""Products with images that are kept as bytes are products with the matrix they stand for."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from cases import MODELS, SOFTMAX_MODELS, batch, relative
from numba import set_num_threads

from stat4830_grad.compiled import panels, strips
from stat4830_grad.config.composing import compose
from stat4830_grad.data import Part, Split
from stat4830_grad.data.pixels import Pixels
from stat4830_grad.gradients.methods import GRADIENTS
from stat4830_grad.problems import Classification
from stat4830_grad.problems.likelihoods import BINARY, COMPILED, likelihood_of
from stat4830_grad.training.experiment import Experiment, build
from stat4830_grad.training.setup import prepare

CLOSE = {torch.float32: 1e-5, torch.float64: 1e-13}


def pixels(n: int, d: int, dtype: torch.dtype = torch.float64) -> Pixels:
    """Mostly black, with a black image and, at d > 3, black columns."""
    generator = torch.Generator().manual_seed(n + d)
    stored = torch.randint(0, 256, (n, d), generator=generator, dtype=torch.uint8)
    stored[torch.rand(n, d, generator=generator) < 0.7] = 0
    stored[0], stored[:, 3:5] = 0, 0
    return Pixels(stored, 0.1307, 0.3081, dtype)


def weights(*shape: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1), dtype=dtype)


@pytest.mark.parametrize("dtype", CLOSE)
@pytest.mark.parametrize("columns", [(), (1,), (5,), (32,), (40,), (96,)])
@pytest.mark.parametrize(("n", "d"), [(7, 3), (60, 25), (4100, 9)])
def test_products_are_those_of_the_dense_matrix(
    n: int, d: int, columns: tuple[int, ...], dtype: torch.dtype
) -> None:
    X = pixels(n, d, dtype)
    W, Z = weights(d, *columns, dtype=dtype), weights(n, *columns, dtype=dtype)
    assert (X @ W).shape == (n, *columns)
    assert relative(X @ W, X.dense() @ W) < CLOSE[dtype]
    assert relative(X.mT @ Z, X.dense().mT @ Z) < CLOSE[dtype]


def test_a_transposed_operand_and_a_white_image_are_no_exceptions() -> None:
    X = Pixels(torch.full((3, 6), 255, dtype=torch.uint8), 0.5, 2.0, torch.float64)
    W = weights(4, 6).mT
    assert relative(X @ W, X.dense() @ W) < 1e-13
    assert torch.equal(X.dense(), torch.full((3, 6), 0.25, dtype=torch.float64))


def test_turning_twice_is_the_matrix_itself() -> None:
    X = pixels(6, 9)
    assert X.mT.mT is X
    assert X.mT.shape == (9, 6)


@pytest.mark.parametrize("columns", [(), (3,)])
def test_autograd_differentiates_a_product_once_and_twice(columns: tuple[int, ...]) -> None:
    X, W = pixels(8, 6), weights(6, *columns).requires_grad_()
    assert torch.autograd.gradcheck(lambda W: (X @ W).sin(), W)
    assert torch.autograd.gradgradcheck(lambda W: (X @ W).sin(), W)


def test_nothing_is_recorded_where_nothing_asks_for_it() -> None:
    X, W = pixels(8, 6), weights(6).requires_grad_()
    assert (X @ W).requires_grad
    assert not (X @ W.detach()).requires_grad
    with torch.no_grad():
        assert not (X @ W).requires_grad


def test_an_infinite_column_leaves_the_others_as_they_were() -> None:
    X, W = pixels(40, 9), weights(9, 5)
    spoiled = W.clone()
    spoiled[2, 1] = torch.inf
    others = [0, 2, 3, 4]
    assert torch.equal((X @ spoiled)[:, others], (X @ W)[:, others])
    assert not (X @ spoiled)[:, 1].isfinite().any()


@pytest.mark.parametrize("dtype", CLOSE)
def test_a_column_has_the_bits_it_has_alone(dtype: torch.dtype) -> None:
    X = pixels(2100, 70, dtype)
    for B in (X, X.mT):
        W = weights(B.shape[1], 37, dtype=dtype)
        alone = torch.stack([B @ w for w in W.mT], dim=1)
        for columns in (1, 3, 4, 6, 31, 32, 37):
            assert torch.equal(B @ W[:, :columns], alone[:, :columns])


def test_the_number_of_threads_changes_no_bit() -> None:
    X, W = pixels(5000, 9).mT, weights(1, 5000, 32)
    one, three = (
        panels.times_panels(9, *X.entries, W.numpy(), 1.0, 0.5, threads) for threads in (1, 3)
    )
    assert (one == three).all()
    V = W[0, :, :6].mT.contiguous().numpy()
    found = []
    for threads in (1, 2):
        set_num_threads(threads)
        found.append(strips.times_columns(*X.strips, V, 1.0, 0.5))
    assert (found[0] == found[1]).all()
    assert (found[0] == one[0, :, :6].T).all()


@pytest.mark.parametrize("dtype", CLOSE)
def test_compiled_cross_entropy_is_that_of_torch(dtype: torch.dtype) -> None:
    z = torch.linspace(-800, 800, 3 * 1500, dtype=dtype).reshape(3, 1500)
    z[0] /= 100
    y = (torch.arange(1500) % 3 == 0).to(dtype)
    assert relative(COMPILED.loss(z, y), BINARY.loss(z.double(), y.double())) < CLOSE[dtype]
    slope = BINARY.slope(z.double(), y.double())
    assert relative(COMPILED.slope(z, y), slope) < CLOSE[dtype]
    for row in range(3):
        assert torch.equal(COMPILED.loss(z, y)[row], COMPILED.loss(z[row], y))
        assert torch.equal(COMPILED.slope(z, y)[row], COMPILED.slope(z[row], y))


def test_compiled_cross_entropy_is_differentiated_once_and_twice() -> None:
    z = weights(2, 7).requires_grad_()
    y = (torch.arange(7) % 2).double()
    assert torch.autograd.gradcheck(lambda z: COMPILED.loss(z, y).sin(), z)
    assert torch.autograd.gradgradcheck(lambda z: COMPILED.loss(z, y).sin(), z)


@pytest.mark.parametrize("z", [torch.inf, -torch.inf, torch.nan])
@pytest.mark.parametrize("y", [0.0, 1.0])
def test_a_logit_that_is_not_finite_has_a_loss_that_is_not_and_the_slope_of_torch(
    z: float, y: float
) -> None:
    at, label = torch.tensor([[z, 1.0], [0.5, 1.0]]), torch.tensor([y, 1.0])
    found, right = COMPILED.loss(at, label), BINARY.loss(at, label)
    assert torch.equal(found.isfinite(), right.isfinite())
    found, right = COMPILED.slope(at, label), BINARY.slope(at, label)
    assert torch.allclose(found, right, equal_nan=True)


@pytest.mark.parametrize(
    ("optimizer", "gradient"), [("gd", "manual"), ("adam", "backward"), ("gd", "autograd_grad")]
)
def test_a_run_of_a_batch_has_the_bits_of_the_run_alone(optimizer: str, gradient: str) -> None:
    words = ("problem=digits", "device=cpu", f"optimizer={optimizer}", f"gradient={gradient}")
    sizes = [0.01 * 1.6**k for k in range(33)]
    configs = [compose(*words, f"optimizer.lr={size}") for size in sizes]
    setup = prepare(configs[0])
    together = records(build(configs, torch.Size((len(sizes),)), setup))
    for k in (0, 11, 32):
        alone = records(build(configs[k : k + 1], torch.Size(()), setup))
        for name, values in alone.items():
            assert torch.equal(values, together[name][:, k]), name


def records(experiment: Experiment) -> dict[str, torch.Tensor]:
    """The weights at the end, and what is logged on the way."""
    found = list(experiment.train(experiment.start(), steps=40, due=lambda t: t % 10 == 0))
    logged = [record.values for _, record in found]
    columns = {name: torch.stack([values[name] for values in logged]) for name in logged[0]}
    return {**columns, "w": found[-1][0].params["w"][None]}


def test_products_compile_where_nothing_can_be_written() -> None:
    code = (
        "from numba.core import caching\n"
        "def refuse(self): raise OSError('read-only file system')\n"
        "caching._CacheLocator.ensure_cache_path = refuse\n"
        "import torch\n"
        "from stat4830_grad.data.pixels import Pixels\n"
        "X = Pixels(torch.eye(2, dtype=torch.uint8), 0.0, 1 / 255, torch.float64)\n"
        "print((X @ torch.tensor([3.0, 4.0], dtype=torch.float64)).tolist())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "[3.0, 4.0]\n", done.stderr


@pytest.mark.parametrize("gradient", GRADIENTS)
@pytest.mark.parametrize("model", [*MODELS, *SOFTMAX_MODELS])
def test_a_model_on_bytes_is_the_model_on_the_dense_matrix(model: str, gradient: str) -> None:
    X = pixels(30, 9)
    ten = model in SOFTMAX_MODELS
    y = torch.arange(30) % 10 if ten else (torch.arange(30) % 2).double()
    chosen, classes = {**MODELS, **SOFTMAX_MODELS}[model], 10 if ten else 2
    on_bytes, dense = (
        Classification(
            chosen,
            Split("made", Part(inputs, y), None, None, ""),
            likelihood_of(classes, compiled=inputs is X),
        )
        for inputs in (X, X.dense())
    )
    params = batch(dense, [1, 2, 3])
    for point in (params, {name: p[0] for name, p in params.items()}):
        loss, grads = GRADIENTS[gradient](on_bytes, point)
        expected_loss, expected = GRADIENTS[gradient](dense, point)
        assert relative(loss, expected_loss) < 1e-12
        assert all(relative(grads[name], expected[name]) < 1e-12 for name in expected)
        metrics, expected = on_bytes.metrics(point), dense.metrics(point)
        assert relative(metrics["train_loss"], expected["train_loss"]) < 1e-12
        assert torch.equal(metrics["train_accuracy"], expected["train_accuracy"])


@pytest.mark.parametrize(
    ("overrides", "kind"),
    [
        ([], Pixels),
        (["products=torch"], torch.Tensor),
        (["task=trace"], torch.Tensor),
        (["task=trace", "products=compiled"], Pixels),
    ],
)
def test_training_compiles_products_and_what_explains_torch_does_not(
    overrides: list[str], kind: type
) -> None:
    setup = prepare(compose("problem=digits", "device=cpu", *overrides))
    assert isinstance(setup.objective, Classification)
    assert isinstance(setup.objective.data.train.inputs, kind)
