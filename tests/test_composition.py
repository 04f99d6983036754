"""Jobs of a multirun: derived from one composition, they are what Hydra composes of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from hydra import initialize_config_dir
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig

from stat4830_grad.app import register_resolvers
from stat4830_grad.config.arguments import arrange
from stat4830_grad.config.composition import compose_jobs
from stat4830_grad.config.help import conf_dir
from stat4830_grad.config.hydra_versions import COMPOSING
from stat4830_grad.config.jobs import Job, Stem, group, make_jobs, sort_out
from stat4830_grad.config.load import plain
from stat4830_grad.system.errors import ConfigError


class Counted(ConfigLoaderImpl):
    """Hydra's loader, which counts how often it composes a job."""

    composed = 0

    def load_sweep_config(
        self, master_config: DictConfig, sweep_overrides: list[str]
    ) -> DictConfig:
        self.composed += 1
        return super().load_sweep_config(master_config, sweep_overrides)


@pytest.fixture(scope="module", autouse=True)
def search_path() -> Iterator[None]:
    register_resolvers()
    with initialize_config_dir(str(conf_dir()), **COMPOSING):
        yield


@pytest.fixture
def loader() -> Counted:
    return Counted(GlobalHydra.instance().config_loader().get_search_path())


def expanded(line: Sequence[str]) -> list[list[str]]:
    """The jobs' overrides as Hydra's own sweeper makes them of a command line."""
    overrides = [word for word in arrange(["-m", *line]) if word != "-m"]
    parsed = OverridesParser.create(GlobalHydra.instance().config_loader()).parse_overrides(
        overrides
    )
    (batch,) = BasicSweeper.split_arguments(parsed, None)
    return batch


def jobs_of(loader: Counted, jobs: list[list[str]]) -> list[Job]:
    master = loader.load_configuration("config", [], RunMode.MULTIRUN)
    return compose_jobs(loader, master, jobs, 0)


def composed_alone(loader: ConfigLoaderImpl, jobs: list[list[str]]) -> list[Job]:
    """The same, but that Hydra composes each job."""
    raws = [plain(loader.load_configuration("config", job, RunMode.RUN)) for job in jobs]
    return make_jobs([Stem(job, raw) for job, raw in zip(jobs, raws, strict=True)])


TABLE = ("problem=least_squares", "problem.file=x.csv")
ADAMW = ("optimizer=torch", "optimizer.name=AdamW", "problem=digits")

LINES: list[tuple[int, tuple[str, ...]]] = [  # how often Hydra composes, at most; the command
    (1, ("problem=polynomial", "optimizer.lr=0.1,1e-3,1E-3,.5,1_0.5,nan")),
    (1, ("problem=polynomial", "seed=07,1_0,-0,1e2,99999999999999999999")),
    (1, ("problem=polynomial", "optimizer.lr=range(0.01,0.03,0.01)", "problem.x0=range(2)")),
    (1, ("problem=polynomial", "problem.x0=sort(3,1)", "steps=int(choice(1.5,2.5))")),
    (1, ("problem=digits", "model.init_seed=null,NULL,3", "figures=True")),
    (1, ("problem=digits", "dtype=float32,'float64',\"float 32\"")),
    (1, (*TABLE, "problem.target=a,'b c',\"d,e\",'1',1e3,true,null")),
    (1, (*TABLE, "problem.drop=[a,'c d'],[],1", "problem.delimiter=';'")),
    (1, ("problem=least_squares", "problem.w0=[1e2,null],[[1],[2]],3")),
    (1, ("problem=digits", "model=mlp", "model.hidden=[8],[[4],[2]],64")),
    (4, ("problem=digits", "model=logistic,mlp", "optimizer=gd", "optimizer.lr=0.1")),
    (3, ("problem=digits", "optimizer=glob([mo*,g*])", "optimizer.lr=0.1")),
    (2, ("problem=digits,least_squares", "steps=10,20", "log.every=1e1", "problem.l2=0.1")),
    (1, ("task=check", "problem=polynomial", "seed=1", "log.first=0,3")),
    (1, (*ADAMW, "optimizer.options.weight_decay=0.1,0.2", "optimizer.lr=0.2")),
    (1, ("optimizer=torch", "optimizer.name=AdamW,SGD", "problem=digits")),
    (1, (*ADAMW, "optimizer.options.betas=[0.9,0.99],[0.8,0.9]")),
    (1, ("problem=formula", "problem.f='x**2+y'", "problem.start.x=1,2", "problem.start.y=3")),
    (1, ("problem=formula", "problem.f='x**2','x**3'", "problem.start.x=1")),
    (2, ("problem=formula", "problem.f='x**2+y'", "problem.start={x:1,y:2},{y:3,x:4}")),
    (3, ("problem=polynomial", "data_dir='${problem.name}'", "optimizer.lr=0.1,0.2")),
    (3, ("problem=polynomial", "problem.x0='${optimizer.lr}',3", "optimizer.lr=0.1")),
    (1, ("problem=polynomial", "optimizer.lr='${logspace:-2,-1,3}'", "problem.x0=1,2")),
    (2, ("problem=polynomial", "problem.x0=[1,2],3", "seed=[1,2]", "sweep.zip=true,false")),
]


def named(one: object) -> str:
    """Of a test, by its command line."""
    return " ".join(one) if isinstance(one, tuple) else ""


@pytest.mark.parametrize(("most", "line"), LINES, ids=named)
def test_a_job_is_what_hydra_composes_of_it(
    loader: Counted, most: int, line: tuple[str, ...]
) -> None:
    commands = expanded(line)
    found, expected = jobs_of(loader, commands), composed_alone(loader, commands)
    assert loader.composed <= most
    assert len(found) > 1
    # As text, in which 1 is not 1.0, nan is nan, and the order of keys counts.
    assert [repr(seen(job)) for job in found] == [repr(seen(job)) for job in expected]


def seen(job: Job) -> list[object]:
    return [job.name, job.swept, job.overrides, job.raw]


@pytest.mark.parametrize(
    "line",
    [
        ("problem=polynomial", "optimizer.lrr=0.1,0.2"),
        ("problem=polynomial", "+problem.x0=1,2"),
        ("problem=formula", "problem.f=x", "problem.start.x=1,2"),
        ("problem=digits", "optimizer.beta=0.1,0.2"),
        ("problem=polynomial", "problem.coefficients=[1,0,1],'???'"),
        ("problem=polynomial", "problem={x0:1},{x0:2}"),
        ("problem=polynomial", "model.hidden=[1],[2]"),
    ],
    ids=" ".join,
)
def test_what_hydra_refuses_is_refused(loader: Counted, line: tuple[str, ...]) -> None:
    parsed = OverridesParser.create().parse_overrides(list(line))
    (commands,) = BasicSweeper.split_arguments(parsed, None)
    with pytest.raises((HydraException, ConfigError)) as theirs:
        composed_alone(loader, commands)
    with pytest.raises((HydraException, ConfigError)) as ours:
        jobs_of(loader, commands)
    assert (ours.type, str(ours.value)) == (theirs.type, str(theirs.value))


def test_ten_thousand_jobs_are_composed_once_and_the_wrong_one_is_named(loader: Counted) -> None:
    values = [f"optimizer.lr={0.001 * (at + 1)}" for at in range(10_000)]
    values[7_000] = "optimizer.lr=-7"
    jobs = jobs_of(loader, [["problem=polynomial", value] for value in values])
    runnable, errors = sort_out(jobs)
    assert loader.composed == 1
    assert len(runnable) == 9_999
    assert [(name, str(error)) for name, error in errors.items()] == [
        ("7000_lr_-7", "optimizer.lr=-7: must be a number > 0")
    ]
    assert len(group(runnable)) == 1
