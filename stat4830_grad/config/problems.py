"""Every problem with its keys and their bounds. Imports no torch."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, field

from .fields import LARGEST, Count, Finite, NotNegative, PerRun, Positive, Seed, Strict


class ProblemKeys(Strict, frozen=True):
    """What every problem states about itself."""

    module: ClassVar[str]  # of stat4830_grad.problems, where the objective is
    takes_model: ClassVar[bool] = False

    @property
    def penalty(self) -> float:
        """λ of the penalty (λ/2)‖w‖² in its loss; 0 is none."""
        return 0.0


class Polynomial(ProblemKeys, frozen=True, tag="polynomial"):
    module: ClassVar[str] = "polynomial"
    coefficients: Annotated[list[Finite], Meta(min_length=2)]
    x0: Annotated[Finite, PerRun]


class Composite(ProblemKeys, frozen=True, tag="composite"):
    module: ClassVar[str] = "composite"
    inputs: Count
    hidden: Count
    outputs: Count
    init_seed: Annotated[Seed | None, PerRun]


class SampledProblem(ProblemKeys, frozen=True, kw_only=True):
    """A problem that adds up over samples, so that minibatches can be taken of it."""

    l2: Annotated[NotNegative, PerRun] = 0.0

    @property
    def penalty(self) -> float:
        """`l2`."""
        return self.l2

    @property
    def known_samples(self) -> int | None:
        """How many there are to train on, where no file has to be read to know."""
        return None


class TableFile(SampledProblem, frozen=True, kw_only=True):
    """The keys of a table in a file of the user's; `data.table.read_table` reads it."""

    file: str | None = None
    target: str = "y"
    columns: list[str] | None = None  # the features; None takes all
    drop: list[str] = field(default_factory=list)
    missing: Literal["error", "drop"] = "error"
    delimiter: str | None = None  # this one and what follows: None finds it
    decimal: Literal[".", ","] | None = None
    header: bool | None = None
    encoding: str | None = None


class LeastSquares(TableFile, frozen=True, kw_only=True, tag="least_squares"):
    module: ClassVar[str] = "least_squares"
    file: str | None
    target: str
    standardize: bool = False
    intercept: bool = False
    n: Count
    p: Count
    w_star: list[Finite] | None
    noise: NotNegative
    condition: Annotated[float, Meta(ge=1, le=LARGEST)] | None
    w0: Annotated[list[Finite] | None, PerRun]

    @property
    def known_samples(self) -> int | None:
        """Those that are drawn."""
        return self.n if self.file is None else None


class Table(TableFile, frozen=True, kw_only=True, tag="table"):
    module: ClassVar[str] = "table"
    takes_model: ClassVar[bool] = True
    file: str
    val_share: Annotated[float, Meta(ge=0, lt=1)]
    standardize: bool
    intercept: bool


class Formula(ProblemKeys, frozen=True, tag="formula"):
    module: ClassVar[str] = "formula"
    f: Annotated[str, Meta(min_length=1)]
    start: Annotated[dict[str, Finite], PerRun]  # parameter -> initial value


class ProblemFile(ProblemKeys, frozen=True, tag="file"):
    module: ClassVar[str] = "file"
    path: str
    init_seed: Annotated[Seed | None, PerRun]


class ImageProblem(SampledProblem, frozen=True):
    module: ClassVar[str] = "images"
    takes_model: ClassVar[bool] = True
    n_train: Count
    n_val: Annotated[int, Meta(ge=0)]
    test: bool
    mean: Finite
    std: Positive
    indices: str | None
    labels: Literal["parity", "digit"] = "parity"

    @property
    def known_samples(self) -> int | None:
        """The images to train on."""
        return self.n_train


class Mnist(ImageProblem, frozen=True, tag="mnist"):
    pass


class FashionMnist(ImageProblem, frozen=True, tag="fashion_mnist"):
    pass


class Kmnist(ImageProblem, frozen=True, tag="kmnist"):
    pass


class Digits(ImageProblem, frozen=True, tag="digits"):
    pass


Problem = (
    Polynomial
    | Composite
    | LeastSquares
    | Table
    | Formula
    | ProblemFile
    | Mnist
    | FashionMnist
    | Kmnist
    | Digits
)
