"""The digits' drawing, and the split of images into parts."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from stat4830_grad.data import ImagePart, Images, Split, load_images, split_images
from stat4830_grad.system.errors import ConfigError

MNIST_SHA256 = "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"


@pytest.fixture(scope="module")
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("cache")
    yield folder
    shutil.rmtree(folder)  # pytest would keep the images of three runs


@pytest.fixture
def mnist(mnist_dir: Path, cache_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Images:
    monkeypatch.setenv("STAT4830_CACHE_DIR", str(cache_folder))
    return load_images("mnist", mnist_dir)


# Digits


@pytest.fixture(scope="module")
def digits() -> Images:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STAT4830_CACHE_DIR", os.devnull)  # no folder: nothing is cached
        return load_images("digits", Path("unused"))


def test_digits_are_1797_and_pinned(digits: Images) -> None:
    assert digits.train.shape == (1797, 28, 28)
    assert digits.train.dtype == digits.train_labels.dtype == torch.uint8
    assert digits.train_labels.bincount().tolist() == [
        178, 182, 177, 183, 181, 182, 181, 179, 174, 180
    ]  # fmt: skip
    assert digits.test is digits.test_labels is None
    assert digits.sha256 == hashlib.sha256(digits.train.numpy().tobytes()).hexdigest()
    assert digits.sha256 == "252bace0e04e4c90ece01ffa7953cd3d4ee4f4951c6c972dd659d0545e9d4822"


def test_digits_fill_a_box_of_20_and_are_centred_by_mass_as_mnist_is(digits: Images) -> None:
    images = digits.train.double()
    index = torch.arange(28, dtype=torch.float64)
    for ink in (images.sum(2), images.sum(1)):  # by row, by column
        centre = (ink @ index) / ink.sum(1)
        assert (centre - 14).abs().max() <= 0.5
    heights, widths = (
        torch.stack([extent(image.amax(axis)) for image in digits.train]) for axis in (1, 0)
    )
    assert (heights == 20).all()
    assert widths.max() <= 20


def extent(profile: Tensor) -> Tensor:
    inked = profile.nonzero()
    return inked.max() - inked.min() + 1


# The split


def split_as_the_lecture(
    images: Images,
    generator: torch.Generator,
    *,
    n_train: int = 4000,
    n_val: int = 1000,
    use_test: bool = False,
    mean: float = 0.1307,
    std: float = 0.3081,
    dtype: torch.dtype = torch.float32,
    indices: Tensor | None = None,
) -> Split[ImagePart]:
    return split_images(
        images,
        generator=generator,
        n_train=n_train,
        n_val=n_val,
        use_test=use_test,
        mean=mean,
        std=std,
        dtype=dtype,
        device="cpu",
        indices=indices,
    )


def split_digits(digits: Images, seed: int = 0, **changes: Any) -> Split[ImagePart]:
    generator = torch.Generator().manual_seed(seed)
    return split_as_the_lecture(digits, generator, **{"n_train": 700, "n_val": 300, **changes})


@pytest.mark.mnist
def test_the_lectures_split_is_reproduced(mnist: Images) -> None:
    generator = torch.Generator().manual_seed(42)
    split = split_as_the_lecture(mnist, generator)
    assert split.val is not None
    torch.manual_seed(42)
    order = torch.randperm(60_000)[:5000]
    assert order[:5].tolist() == [37542, 43087, 2992, 25810, 39634]
    assert torch.equal(split.train.images, mnist.train[order[:4000]])
    assert torch.equal(split.val.labels, mnist.train_labels[order[4000:]])
    assert split.train.X.shape == (4000, 784)
    assert split.val.y.shape == (1000,)
    assert split.test is None
    assert split.sha256 == MNIST_SHA256
    # The weights are drawn next, from the same generator.
    assert torch.equal(torch.rand(3, generator=generator), torch.rand(3))


@pytest.mark.mnist
def test_all_60000_images_can_train_and_the_test_images_are_an_option(mnist: Images) -> None:
    every = partial(split_as_the_lecture, mnist, n_train=60_000, use_test=True)
    split = every(torch.Generator(), n_val=0)
    assert split.test is not None
    assert mnist.test is not None
    assert mnist.test_labels is not None
    assert split.train.X.shape == (60_000, 784)
    assert split.val is None
    assert torch.equal(split.test.images, mnist.test)
    assert torch.equal(split.test.y, (mnist.test_labels % 2).float())
    with pytest.raises(ConfigError, match=r"60001 images; mnist has 60000"):
        every(torch.Generator(), n_val=1)


def test_normalising_rounds_as_torchvision_does(digits: Images) -> None:
    from torchvision.transforms import Compose, Normalize, ToTensor

    transform = Compose([ToTensor(), Normalize((0.1307,), (0.3081,))])
    part = split_digits(digits).train
    for image, row in zip(part.images[:50], part.X, strict=False):
        assert torch.equal(transform(image.numpy()[:, :, None]).flatten(), row)


def test_both_dtypes_see_the_same_data(digits: Images) -> None:
    single, double = (split_digits(digits, dtype=d) for d in (torch.float32, torch.float64))
    assert double.train.X.dtype == double.train.y.dtype == torch.float64
    torch.testing.assert_close(single.train.X.double(), double.train.X, rtol=0, atol=1e-6)
    exact = (double.train.images.flatten(1).double() / 255 - 0.1307) / 0.3081
    assert torch.equal(double.train.X, exact)


def test_y_is_the_parity_of_the_label(digits: Images) -> None:
    part = split_digits(digits).val
    assert part is not None
    assert part.y.tolist() == [label % 2 for label in part.labels.tolist()]


def test_given_indices_replace_the_permutation_and_leave_later_draws_alone(digits: Images) -> None:
    indices = torch.arange(999, -1, -1)
    generator, other = torch.Generator().manual_seed(3), torch.Generator().manual_seed(3)
    given = split_as_the_lecture(digits, generator, n_train=700, n_val=300, indices=indices)
    split_as_the_lecture(digits, other, n_train=700, n_val=300)
    assert given.val is not None
    assert torch.equal(given.train.images, digits.train[indices[:700]])
    assert torch.equal(given.val.images, digits.train[indices[700:]])
    assert torch.equal(torch.rand(3, generator=generator), torch.rand(3, generator=other))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_train": 1500, "n_val": 298}, "1798 images; digits has 1797"),
        ({"n_train": 0}, "n_train=0"),
        ({"n_val": -1}, "n_val=-1"),
        ({"use_test": True}, "digits has no test images"),
        ({"std": 0.0}, "std 0.0"),
        ({"mean": float("nan")}, "mean nan"),
        ({"indices": torch.arange(999)}, r"shape \(999,\); n_train \+ n_val = 1000"),
        ({"indices": torch.arange(1000.0)}, "torch.float32"),
        ({"indices": torch.arange(1000) + 798}, "1797 is in it; they must be 0 to 1796"),
        ({"indices": torch.arange(1000) - 1}, "-1 is in it"),
        ({"indices": torch.arange(1000).clamp(min=1)}, "1 is in it more than once"),
    ],
)
def test_a_split_that_cannot_be_had_is_a_configuration_error(
    digits: Images, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        split_digits(digits, **changes)
