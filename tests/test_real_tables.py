"""Tables that others made: those of data packages, and the files that were once trouble."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import lacking

from stat4830_grad.config.problems import TableFile
from stat4830_grad.data import read_table
from stat4830_grad.system.errors import UserError

FOLDERS = {
    "sklearn": "datasets/data",
    "statsmodels": "datasets",
    "vega_datasets": "_data",
}
"""Where packages keep their tables."""


def shipped(package: str, name: str) -> Path:
    """A table of a package."""
    found = importlib.util.find_spec(package)
    if found is None:
        lacking("tables", f"{package} is not installed")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / FOLDERS[package] / name


READ: list[tuple[str, str, dict[str, Any], tuple[int, int]]] = [
    ("sklearn", "linnerud_exercise.csv", {"target": "Chins"}, (20, 2)),
    ("sklearn", "linnerud_physiological.csv", {"target": "Pulse"}, (20, 2)),
    ("sklearn", "diabetes_data_raw.csv.gz", {"target": "x10"}, (442, 9)),
    ("sklearn", "digits.csv.gz", {"target": "x65"}, (1797, 64)),
    ("statsmodels", "longley/longley.csv", {"target": "TOTEMP", "drop": ["Obs"]}, (16, 6)),
    ("statsmodels", "stackloss/stackloss.csv", {"target": "STACKLOSS"}, (21, 3)),
    ("statsmodels", "spector/spector.csv", {"target": "GRADE", "drop": ["OBS"]}, (32, 3)),
    ("statsmodels", "anes96/anes96.csv", {"target": "vote"}, (944, 9)),
    ("statsmodels", "fair/fair.csv", {"target": "affairs"}, (6366, 8)),
    ("statsmodels", "grunfeld/grunfeld.csv", {"target": "invest"}, (220, 13)),
    ("statsmodels", "randhie/randhie.csv", {"target": "mdvis"}, (20190, 9)),
    ("vega_datasets", "us-employment.csv", {"target": "nonfarm", "drop": ["month"]}, (120, 22)),
    ("vega_datasets", "seattle-weather.csv", {"target": "weather", "drop": ["date"]}, (1461, 4)),
]


@pytest.mark.parametrize(("package", "name", "keys", "shape"), READ, ids=lambda v: str(v)[:24])
def test_real_tables_are_read(
    package: str, name: str, keys: dict[str, Any], shape: tuple[int, int]
) -> None:
    data = read_table(shipped(package, name), TableFile(**keys))
    assert data.X.shape == shape
    assert len(data.y) == shape[0]
    assert np.isfinite(data.X).all()


REFUSED = [
    ("sklearn", "iris.csv", {}, "line 1 holds 150, 4, setosa, versicolor, …: numbers of rows and"),
    ("sklearn", "breast_cancer.csv", {}, "take that line out (tail -n +2 FILE > NEW.csv)"),
    ("sklearn", "diabetes_target.csv.gz", {"target": "x1"}, "no column beside the target 'x1'"),
    (
        "statsmodels",
        "co2/co2.csv",
        {"target": "co2"},
        "problem.missing=drop leaves out 59 of",
    ),
    ("statsmodels", "statecrime/statecrime.csv", {"target": "murder"}, "'problem.drop=[state]'"),
    ("statsmodels", "fertility/fertility.csv", {}, "write problem.header=true if they name the"),
    ("vega_datasets", "airports.csv", {}, "name one of them, as in problem.target=city"),
    ("vega_datasets", "seattle-temps.csv", {"target": "temp"}, "a date: turn it into a number"),
    ("vega_datasets", "cars.json", {}, 'pandas.read_json("FILE").to_csv("FILE.csv", index=False)'),
]


@pytest.mark.parametrize(("package", "name", "keys", "said"), REFUSED, ids=lambda v: str(v)[:24])
def test_real_tables_are_refused_with_what_to_type(
    package: str, name: str, keys: dict[str, Any], said: str
) -> None:
    with pytest.raises(UserError) as caught:
        read_table(shipped(package, name), TableFile(**keys))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("package", "name", "target"),
    [
        ("statsmodels", "longley/longley.csv", "TOTEMP"),
        ("statsmodels", "fair/fair.csv", "affairs"),
        ("vega_datasets", "seattle-weather.csv", "wind"),
    ],
)
def test_numbers_are_those_that_another_reader_finds(package: str, name: str, target: str) -> None:
    path = shipped(package, name)
    import pandas as pd  # both packages need it

    theirs = pd.read_csv(path)
    numbers = [c for c in theirs.select_dtypes("number") if c != target]
    others = [c for c in theirs if c not in (*numbers, target)]
    data = read_table(path, TableFile(target=target, drop=others))
    assert np.array_equal(data.X, theirs[numbers].to_numpy(np.float64))
    assert np.array_equal(np.asarray(data.y), theirs[target].to_numpy(np.float64))


CASES = Path(__file__).resolve().parents[2] / "shared" / "cases" / "tables"

OUTCOMES: dict[str, tuple[str, tuple[int, int]]] = {
    "blanktail.csv": ("price", (4, 2)),
    "bom.csv": ("price", (4, 2)),
    "bools.csv": ("price", (3, 3)),
    "cm.csv": ("petal width (cm)", (4, 2)),
    "house.csv": ("y", (6, 2)),
    "latin1.csv": ("price", (2, 2)),
    "pandasindex.csv": ("price", (3, 2)),
    "pos.npz": ("y", (30, 3)),
    "sepcomma.csv": ("price", (2, 2)),
    "space.csv": ("price", (2, 2)),
    "ycol.npz": ("y", (30, 3)),
    "zeros.csv": ("y", (3, 1)),
}


@pytest.mark.parametrize("name", OUTCOMES)
def test_files_that_were_trouble_are_read(name: str) -> None:
    if not CASES.is_dir():
        pytest.skip("the files are not there")
    target, shape = OUTCOMES[name]
    data = read_table(CASES / name, TableFile(target=target))
    assert data.X.shape == shape
    assert len(data.y) == shape[0]
