"""`problem=table`: classes of a table's rows, from the file to the parts of the objective."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from cases import relative
from conftest import Cli
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from stat4830_grad.config.composing import compose
from stat4830_grad.gradients.methods import GRADIENTS
from stat4830_grad.problems import Classification
from stat4830_grad.system.errors import ConfigError, DataError
from stat4830_grad.training.experiment import Experiment, build
from stat4830_grad.training.inputs import KEYS

LOADERS = {"iris": load_iris, "breast_cancer": load_breast_cancer}


def write_table(path: Path, name: str, classes: str = "names") -> None:
    """A table of scikit-learn's as a CSV, its classes by name or by number."""
    data = LOADERS[name]()
    labels = data.target_names[data.target] if classes == "names" else data.target
    header = ",".join([*(f"x{i}" for i in range(data.data.shape[1])), "kind"])
    rows = (
        ",".join([*map(repr, x), str(label)])
        for x, label in zip(data.data.tolist(), labels.tolist(), strict=True)
    )
    path.write_text("\n".join([header, *rows]) + "\n", "utf-8")


def experiment(path: Path, *words: str) -> Experiment:
    own = ("problem=table", f"problem.file={path}", "problem.target=kind", "device=cpu")
    return build([compose(*own, *words)], torch.Size(()))


def classification(path: Path, *words: str) -> Classification:
    objective = experiment(path, *words).objective
    assert isinstance(objective, Classification)
    return objective


@pytest.mark.parametrize("name", LOADERS)
@pytest.mark.parametrize("classes", ["names", "numbers"])
def test_every_row_is_in_one_part_with_its_class(tmp_path: Path, name: str, classes: str) -> None:
    write_table(tmp_path / "t.csv", name, classes)
    words = ("problem.standardize=false", "problem.intercept=false", "dtype=float64")
    target = classification(tmp_path / "t.csv", *words)
    data = LOADERS[name]()
    k = {str(one): i for i, one in enumerate(sorted(data.target_names.tolist()))}
    of_row = [k[str(data.target_names[i])] if classes == "names" else i for i in data.target]
    given = sorted(zip(data.data.tolist(), of_row, strict=True))
    train, val = target.data.train, target.data.val
    assert val is not None
    assert (len(val.y), len(train.y)) == (len(given) // 5, len(given) - len(given) // 5)
    X, y = torch.cat([train.X, val.X]), torch.cat([train.y, val.y])
    assert sorted(zip(X.tolist(), y.long().tolist(), strict=True)) == given
    assert y.dtype == (torch.float64 if name == "breast_cancer" else torch.int64)


def test_features_are_scaled_by_the_rows_to_train_on_alone(tmp_path: Path) -> None:
    write_table(tmp_path / "t.csv", "iris")
    target = classification(tmp_path / "t.csv", "dtype=float64")
    X = target.data.train.X
    assert torch.equal(X[:, 0], torch.ones(len(X), dtype=torch.float64))
    assert float(X[:, 1:].mean(0).abs().max()) < 1e-12
    assert relative(X[:, 1:].std(0, correction=0), torch.ones(4, dtype=torch.float64)) < 1e-12
    assert target.data.val is not None
    assert float(target.data.val.X[:, 1:].mean(0).abs().max()) > 1e-3


@pytest.mark.parametrize("model", ["logistic", "mlp", "tanh_mlp"])
@pytest.mark.parametrize("name", LOADERS)
def test_the_three_gradients_agree(tmp_path: Path, name: str, model: str) -> None:
    write_table(tmp_path / "t.csv", name)
    made = experiment(tmp_path / "t.csv", f"model={model}", "dtype=float64")
    results = [gradient(made.objective, made.params)[1] for gradient in GRADIENTS.values()]
    for other in results[1:]:
        for parameter, grad in results[0].items():
            assert relative(grad, other[parameter]) < 1e-10


@pytest.mark.parametrize("name", LOADERS)
def test_gradient_descent_goes_towards_what_scikit_learn_finds(tmp_path: Path, name: str) -> None:
    """The minimum of the training loss, with next to no penalty."""
    write_table(tmp_path / "t.csv", name)
    made = experiment(tmp_path / "t.csv", "optimizer.lr=0.1", "dtype=float64")
    target = made.objective
    assert isinstance(target, Classification)
    X, y = target.data.train.X.numpy(), target.data.train.y.numpy()
    fitted = LogisticRegression(C=1e3, fit_intercept=False, max_iter=10_000).fit(X, y)
    w: Tensor = torch.from_numpy(np.atleast_2d(fitted.coef_))
    least = float(target.loss({"w": w if len(w) > 1 else w[0]}))
    records = [r for _, r in made.train(made.start(), steps=3000, due=lambda t: t == 3000)]
    found = records[-1].values
    assert least < float(found["train_loss"]) < least + 0.06
    assert float(found["val_accuracy"]) > 0.9


def test_a_target_that_tells_no_classes_apart_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,kind\n" + "".join(f"{i},same\n" for i in range(9)))
    with pytest.raises(ConfigError, match="'kind' holds 'same' in every row: nothing to tell"):
        experiment(path)
    path.write_text("a,kind\n" + "".join(f"{i},{i / 7}\n" for i in range(300)))
    with pytest.raises(ConfigError, match=r"300 different values in 300 rows.*least_squares"):
        experiment(path)
    path.write_text("a,kind\n1,x\n,y\n")
    with pytest.raises(DataError, match="has no value"):
        experiment(path)


def test_a_run_says_its_classes_and_keeps_them_and_its_table_is_an_input(
    cli: Cli, tmp_path: Path
) -> None:
    write_table(tmp_path / "t.csv", "iris")
    words = ("problem=table", "problem.file=t.csv", "problem.target=kind", "figures=false")
    done = cli(*words, "steps=20", "minibatch=16", "hydra.run.dir=run")
    assert (done.returncode, done.stderr) == (0, "")
    assert "t.csv: kind: setosa is 0, versicolor is 1, virginica is 2" in done.stdout
    summary = json.loads((tmp_path / "run" / "summary.json").read_text("utf-8"))
    assert summary["dataset"]["classes"] == ["setosa", "versicolor", "virginica"]
    assert "problem.file" in KEYS
    (tmp_path / "t.csv").write_text("x,kind\n1,a\n2,b\n3,a\n4,b\n")
    refused = cli("resume=run", "steps=30")
    assert refused.returncode == 2
    assert "is not the file it was" in refused.stderr
