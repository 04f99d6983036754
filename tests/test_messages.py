"""What a person types who does not know this program yet: one line with what to type instead."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from conftest import Cli
from test_config import config, message

from stat4830_grad import compose
from stat4830_grad.config.arguments import arrange
from stat4830_grad.config.jobs import make_jobs
from stat4830_grad.config.keys import keys_of
from stat4830_grad.config.lists import assignments
from stat4830_grad.config.messages import wrong_key
from stat4830_grad.config.models import MLP
from stat4830_grad.config.problems import LeastSquares
from stat4830_grad.system.errors import ConfigError


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("lr=0.1", "write optimizer.lr=0.1"),
        ("x0=3", "write problem=polynomial problem.x0=3"),
        ("epochs=5", "write steps=5"),
        ("batch_size=32", "write minibatch=32"),
        ("help", "write --help"),
        ("lecture", "write task=lecture"),
        ("mnist", "write problem=mnist"),
        ("mine.csv", "write problem=least_squares problem.file=mine.csv problem.target=COLUMN"),
        ("mine.csv.gz", "write problem=least_squares problem.file=mine.csv.gz problem.target=COL"),
        ("a.parquet", "write problem=least_squares problem.file=a.parquet problem.target=COLUMN"),
        ("--problem=mnist", "write problem=mnist"),
        ("--lr 0.1", "write optimizer.lr=0.1"),
        ("-q", "log.every=100"),
        ("problem mnist", "write problem=mnist"),
        ("problem:mnist", "write problem=mnist"),
        ("problem==mnist", "with one ="),
        ("device=gpu", "no such device; write device=cuda. There are: auto, cpu, cuda, mps"),
        ("dtype=double", "write dtype=float64"),
        ("dtype=float16", "write dtype=float32"),
        ("optimizer.weight_decay=0.1", "write problem.l2=0.1"),
        ("l2=0.1", "write problem.l2=0.1"),
        ("dropout=0.1", "no other regularisation"),
        ("optimizer=gd optimizer.beta=0.9", "write optimizer=momentum optimizer.beta=0.9"),
        ("optimizer.lr=${logspace:-4,0}", "like ${logspace:-4,0,9}"),
        ("optimizer.lr=${linspace:0,1,0}", "number of points"),
        ("optimizer.lr=range(0,1,1e-9)", "at most 100,000 runs; these are 1e+09"),
        ("seed=range(1000) optimizer.lr=range(1000)", "at most 100,000 runs; these are 1e+06"),
        ("seed=shuffle(range(0,inf))", "at most 100,000 runs; these are inf"),
        ("seed=range(0,1,0)", "at most 100,000 runs; these are inf"),
        (f"log.every={'[' * 900}1{']' * 900}", "900 brackets within each other"),
        ("+foo=3", "there is no key foo"),
        ("task=compare", "write runs=[DIR,DIR]"),
        ("task=compare runs=[]", "write runs=[DIR,DIR]"),
        ("task=compare runs=null", "write runs=[DIR,DIR]"),
        ("optimizer=null", "no such optimizer"),
        ("problem=2", "no such problem"),
        ("gradient=[1]", "no such gradient"),
        ("optimizer={}", "no such optimizer"),
        ("task=help", "for help write --help"),
        ("problem=list", "--help says what each one is"),
        ("problem=", "There are: composite"),
        ("seed=1e400", "must be a whole number"),
        ("optimizer@x=gd", "write optimizer=gd"),
        ("~optimizer", "nothing can be left out"),
        ("hydra.run.dir=", "write hydra.run.dir=DIR"),
        ("hydra/launcher=nope", "There are: basic, batched"),
        ("optimizer.lr=${nope}", "optimizer.lr: "),
        ("--cfg run", "job, hydra or all"),
        ("--resolve", "--cfg job --resolve"),
        ("--helpp", "did you mean --help?"),
        ("-- steps=3", "leave it out"),
        ("problem = mnist", "write problem=mnist"),
        ("optimizer.lr = 0.1", "optimizer.lr: write optimizer.lr=0.1"),
        ("model=mlp model.hidden=[64,32", "write 'model.hidden=[64,32]'"),
        ("model=mlp model.hidden=[64, 32] steps=3", "write 'model.hidden=[64, 32]'"),
        ("problem.x0=1,", "ends with a comma; write problem.x0=1"),
        ("log=3", "log is a group of keys: log.every, log.first"),
        ("task=compare runs=x compare=3", "compare is a group of keys: compare.tolerance"),
        ("problem=least_squares problem.target=price", "write problem.file=FILE.csv too"),
        ("resume=[a,b]", "write resume=DIR"),
        ("resume=nothere", "there is no such directory"),
        ("hydra.run.dir=a,b", "write 'hydra.run.dir=\"a,b\"', with its quotes"),
    ],
)
def test_each_leads_on_in_one_line(typed: str, said: str) -> None:
    told = message(*typed.split(" "))
    assert said in told
    assert "\n" not in told
    assert "?." not in told


@pytest.mark.parametrize(
    ("word", "said"),
    [
        (" ", "' ' stands alone: leave it out"),
        ("problem = mnist", "write problem=mnist, without spaces around ="),
        ("problem=least_squares problem.n=5", "write problem=least_squares problem.n=5 without"),
    ],
)
def test_quotes_around_more_than_a_value_are_explained(word: str, said: str) -> None:
    assert said in message(word)


def test_values_may_be_written_as_people_write_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    words = ["problem=least_squares", "problem.file=~/my file.csv", "steps=1e3"]
    found = config(*arrange(words))
    assert found.steps == 1000
    assert isinstance(found.problem, LeastSquares)
    assert found.problem.file == "/home/somebody/my file.csv"
    model = config(*arrange(["model=mlp", "model.hidden=64"])).model
    assert isinstance(model, MLP)
    assert model.hidden == [64]
    with pytest.raises(ConfigError, match=r"steps=1\.5: must be a whole number"):
        config("steps=1.5")


@pytest.mark.parametrize("typed", ["optimizer=gd,adam", "optimizer=[gd,adam]"])
def test_several_options_of_a_group_are_a_sweep(typed: str) -> None:
    assert arrange([typed]) == ["-m", "optimizer=gd,adam"]


def test_flags_may_stand_anywhere() -> None:
    assert arrange(["problem=polynomial", "-m", "problem.x0=0,1"]) == [
        "-m",
        "problem=polynomial",
        "problem.x0=0,1",
    ]


def test_a_list_of_optimizers_runs_each_of_them(cli: Cli, tmp_path: Path) -> None:
    words = ("problem=polynomial", "optimizer=[gd,adam]", "steps=2", "figures=false")
    done = cli(*words, "hydra.sweep.dir=both")
    assert (done.returncode, done.stderr) == (0, "")
    configs = [yaml.safe_load(f.read_text()) for f in (tmp_path / "both").glob("*/config.yaml")]
    assert sorted(one["optimizer"]["name"] for one in configs) == ["adam", "gd"]


def test_the_version_is_ours_and_another_name_shows_the_keys_it_stands_for(cli: Cli) -> None:
    said = cli("--version").stdout
    assert said.startswith("stat4830_grad ")
    assert "torch" in said
    shown = cli("model=mlp", "--help").stdout
    assert "relu_mlp" in shown
    assert "hidden:" in shown
    assert "defaults" not in shown


def test_one_refusal_composes_the_configuration_once() -> None:
    keys_of.cache_clear()
    assert wrong_key(["lr=1"]) == "there is no key lr; write optimizer.lr=1"
    assert keys_of.cache_info().misses == 1
    assert keys_of.cache_info().hits == 1


def test_lists_that_make_too_many_runs_are_refused_before_they_are_combined() -> None:
    lists = {"optimizer.lr": [0.1] * 999, "optimizer.beta": [0.5] * 999}
    assert len(assignments(lists, paired=True)) == 999
    with pytest.raises(ConfigError, match="at most 100,000 runs; these are 998,001"):
        assignments(lists, paired=False)


def test_more_steps_than_can_be_counted_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"^steps=1000000.*: must be a whole number"):
        compose(f"steps={10**30}")


def test_a_sweep_of_no_values_is_refused() -> None:
    """As Hydra makes one of glob(*)."""
    with pytest.raises(ConfigError, match="a list of values is empty"):
        make_jobs([])
