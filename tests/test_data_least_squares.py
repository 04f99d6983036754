"""Least-squares data: synthetic, and from a user's CSV or NPZ file."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from stat4830_grad.config.problems import TableFile
from stat4830_grad.data import as_tensor, read_table, synthetic_least_squares
from stat4830_grad.system.errors import ConfigError, DataError

CsvFile = Callable[[str | bytes], Path]
"""Writes a CSV file of this content."""
NpzFile = Callable[..., Path]
"""Writes an NPZ file of arrays by name."""


def synthetic(
    *,
    seed: int = 0,
    n: int = 100,
    w_star: Sequence[float] | None = (1.0, -0.5),
    p: int = 2,
    noise: float = 0.0,
    condition: float | None = None,
    dtype: torch.dtype = torch.float64,
) -> tuple[Tensor, Tensor, Tensor]:
    return synthetic_least_squares(
        generator=torch.Generator().manual_seed(seed),
        n=n,
        w_star=w_star,
        p=p,
        noise=noise,
        condition=condition,
        dtype=dtype,
        device="cpu",
    )


def load(
    path: Path, target: str = "y", dtype: torch.dtype = torch.float64
) -> tuple[Tensor, Tensor, list[str]]:
    data = read_table(path, TableFile(target=target))
    assert not isinstance(data.y, list)
    X, y = (as_tensor(path, values, dtype) for values in (data.X, data.y))
    return X, y, list(data.names)


@pytest.fixture
def csv(tmp_path: Path) -> CsvFile:
    def write(text: str | bytes) -> Path:
        path = tmp_path / "data.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.fixture
def npz(tmp_path: Path) -> NpzFile:
    def write(**arrays: Any) -> Path:
        np.savez(tmp_path / "data.npz", **arrays)
        return tmp_path / "data.npz"

    return write


# Synthetic data


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_noise_free_data_are_fitted_by_w_star_to_rounding(dtype: torch.dtype) -> None:
    X, y, w_true = synthetic(dtype=dtype)
    assert (X.shape, y.shape, w_true.tolist()) == ((100, 2), (100,), [1.0, -0.5])
    assert X.dtype == y.dtype == w_true.dtype == dtype
    assert torch.equal(X @ w_true, y)


@pytest.mark.parametrize("condition", [1.0, 7.0, 1e6])
def test_the_hessian_has_the_condition_number_asked_for(condition: float) -> None:
    X, _, _ = synthetic(n=50, p=5, w_star=None, condition=condition)
    eigenvalues = torch.linalg.eigvalsh(X.T @ X)
    expected = torch.logspace(0, 1, 5, base=condition, dtype=torch.float64) * 50 / condition
    torch.testing.assert_close(eigenvalues, expected, rtol=1e-8, atol=0)


def test_draws_depend_on_the_seed_and_not_on_the_dtype() -> None:
    single = synthetic(p=4, w_star=None, noise=0.3, dtype=torch.float32)
    double = synthetic(p=4, w_star=None, noise=0.3)
    other = synthetic(p=4, w_star=None, noise=0.3, seed=1)
    for a, b, c in zip(single, double, other, strict=True):
        torch.testing.assert_close(a.double(), b, rtol=1e-5, atol=1e-6)
        assert not torch.allclose(b, c)


def test_X_is_drawn_first_then_w_true_then_the_noise() -> None:
    X, y, w_true = synthetic(p=3, w_star=None, noise=0.5)
    generator = torch.Generator().manual_seed(0)
    draws = [
        torch.randn(shape, generator=generator, dtype=torch.float64)
        for shape in ((100, 3), (3,), (100,))
    ]
    assert torch.equal(X, draws[0])
    assert torch.equal(w_true, draws[1])
    torch.testing.assert_close(y - X @ w_true, 0.5 * draws[2])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"condition": 0.5}, "condition=0.5 must be"),
        ({"condition": float("nan")}, "condition=nan must be"),
        ({"condition": 2.0, "n": 1}, "n=1 < p=2"),
        ({"condition": 2.0, "p": 1, "w_star": None}, "needs p >= 2"),
        ({"p": 3}, "w_star has 2 values and p=3"),
        ({"w_star": (1.0, float("inf"))}, "finite"),
        ({"noise": -1.0}, "noise=-1.0"),
        ({"n": 0}, "n=0"),
    ],
)
def test_synthetic_data_that_cannot_be_had_are_a_configuration_error(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        synthetic(**changes)


# CSV


def test_a_csv_file_gives_features_in_order_without_the_target(csv: CsvFile) -> None:
    X, y, names = load(csv("a,y,b\n1,10,2\n3,30,4\n"))
    assert X.tolist() == [[1, 2], [3, 4]]
    assert y.tolist() == [10, 30]
    assert names == ["a", "b"]
    assert X.dtype == torch.float64


def test_a_byte_order_mark_blank_lines_quotes_and_spaces_do_no_harm(csv: CsvFile) -> None:
    X, y, names = load(csv(b'\xef\xbb\xbfa, y,"b"\r\n1, 10 ,"2"\r\n\r\n3,3e1,4\r\n\r\n'))
    assert X.tolist() == [[1, 2], [3, 4]]
    assert y.tolist() == [10, 30]
    assert names == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,y\n1,2\n,3\n", r"line 3, column 'a' has no value"),
        ("a,y\n1,2\n\n4,nan\n", r"line 4, column 'y' has no value \('nan'\)"),
        ("a,y\n1,-inf\n", r"line 2, column 'y' holds -inf: not a finite number"),
        ("a,y\n1,2\n1,two\n", r"line 3, column 'y' holds 'two', which is not a number"),
        ("a,y\n1,2\n1,2,3\n", r"line 3 has 3 cells, the header row has 2"),
        ("a,y\n1\n", r"line 2 has 1 cell, "),
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("a,y\n", "no row of numbers"),
        ("a,y,a\n1,2,3\n", "two columns are called 'a'"),
        ("a,,y\n0,2,3\n", "column 2 has no name"),
        ("y\n1\n", "no column beside the target"),
        (b"a,y\n\x81,2\n", "not text in UTF-8, nor in cp1252; write problem.encoding=NAME"),
    ],
)
def test_a_csv_file_that_cannot_be_used_says_where_and_why(
    csv: CsvFile, text: str | bytes, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        load(csv(text))


def test_a_wrong_target_lists_the_columns_nearest_first(csv: CsvFile) -> None:
    with pytest.raises(ConfigError, match=r"no column 'prize'.*'Price', 'size', 'age'"):
        load(csv("age,size,Price\n1,2,3\n"), "prize")


def test_numbers_too_large_for_the_dtype_are_refused(csv: CsvFile) -> None:
    path = csv("a,y\n1e300,2\n")
    assert load(path)[0].item() == 1e300
    with pytest.raises(DataError, match=r"too large for torch\.float32"):
        load(path, dtype=torch.float32)


# NPZ


def test_an_npz_file_may_hold_a_matrix_and_the_target(npz: NpzFile) -> None:
    X, y, names = load(npz(X=np.eye(3, 2, dtype=np.float32), y=np.arange(3), other=np.zeros(9)))
    assert X.tolist() == [[1, 0], [0, 1], [0, 0]]
    assert y.tolist() == [0, 1, 2]
    assert names == ["x1", "x2"]


def test_an_npz_file_may_hold_one_vector_for_each_column(npz: NpzFile) -> None:
    X, y, names = load(npz(b=np.array([1, 2]), y=np.array([3, 4]), a=np.array([5.0, 6.0])))
    assert X.tolist() == [[1, 5], [2, 6]]
    assert y.tolist() == [3, 4]
    assert names == ["b", "a"]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"X": np.eye(2), "y": np.ones(3)}, "X has 2 rows and 'y' has 3 values"),
        ({"X": np.eye(2), "y": np.ones((2, 2))}, r"'y' has shape \(2, 2\)"),
        ({"X": np.array([[1, np.nan]]), "y": np.ones(1)}, "row 1, column 'x2' has no value"),
        ({"a": np.ones(2), "y": np.array([1, np.inf])}, "row 2, column 'y' holds inf"),
        ({"a": np.ones(3), "y": np.ones(2)}, r"'a' has shape \(3,\); a vector with 2 values"),
        ({"a": np.array(["p", "q"]), "y": np.ones(2)}, "not real numbers"),
        ({"a": np.array([None, 1]), "y": np.ones(2)}, "object, not real numbers"),
        ({"y": np.ones(2)}, "no column beside the target"),
        ({"X": np.eye(2)}, "no column for the target"),
    ],
)
def test_an_npz_file_that_cannot_be_used_says_where_and_why(
    npz: NpzFile, arrays: dict[str, NDArray[Any]], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        load(npz(**arrays))


def test_a_damaged_npz_file_is_a_data_error(npz: NpzFile, tmp_path: Path) -> None:
    path = npz(X=np.ones((50, 4)), y=np.ones(50))
    content = path.read_bytes()
    flipped = bytearray(content)
    flipped[len(content) // 2] ^= 1
    np.save(tmp_path / "single.npy", np.ones(3))
    single = (tmp_path / "single.npy").read_bytes()
    for damaged in (content[:-40], b"", b"garbage", bytes(flipped), single):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match="damaged"):
            load(path)


def test_a_wrong_target_in_an_npz_file_lists_what_can_be_one(npz: NpzFile) -> None:
    with pytest.raises(ConfigError, match=r"'Y'.*has 'y', 'z'"):
        load(npz(X=np.eye(2), z=np.ones(2), y=np.ones(2)), "Y")


def test_a_file_that_is_not_there_or_of_another_kind_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere\.csv: No such file"):
        load(tmp_path / "nowhere.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(DataError, match="is a directory"):
        load(tmp_path / "folder.csv")
    with pytest.raises(ConfigError, match=r"must be a \.csv, .*: save the sheet as CSV"):
        load(tmp_path / "data.xlsx")
