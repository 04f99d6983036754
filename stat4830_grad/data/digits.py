"""scikit-learn's 1,797 handwritten digits, brought to 28x28 as MNIST's were."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SMALL, BOX, SIDE = 8, 20, 28
CENTRE = 14  # MNIST's centres of mass lie within half a pixel of index 14 in both directions


def draw_digits() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Images (1797, 28, 28) and labels (1797,), in scikit-learn's order.

    The 8x8 images count the inked pixels of 4x4 blocks, 0 to 16. Each is enlarged to fit a 20x20
    box and put into a 28x28 field with its centre of mass in the middle, to the nearest pixel.
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    enlarged = enlarge(digits.images / 16)
    return centre_by_mass(enlarged), digits.target.astype(np.uint8)


def enlarge(small: NDArray[np.float64]) -> NDArray[np.uint8]:
    """(n, 8, 8) in [0, 1] -> (n, 20, 20) in 0..255, by Catmull-Rom cubic interpolation.

    Every one of these digits is 8 pixels tall, so that a single scale fits them all to the box.
    Beyond its border an image goes on empty; interpolated ink fades out over half a pixel there,
    which must fit too: 9 small pixels make 20.
    """
    scale = BOX / (SMALL + 1)
    position = (np.arange(BOX, dtype=np.float64) + 0.5 - BOX / 2) / scale + SMALL / 2 - 0.5
    weights = catmull_rom(position[:, None] - np.arange(SMALL, dtype=np.float64))  # (20, 8)
    large = (weights @ small @ weights.T).clip(0, 1)
    # The 1e-6 keeps exact halves from being rounded by the last bit of the machine's sums.
    return np.floor(255 * large + 0.5 + 1e-6).astype(np.uint8)


def catmull_rom(t: NDArray[np.float64]) -> NDArray[np.float64]:
    """The cubic convolution kernel with a = -1/2 (Keys 1981, equation 15)."""
    t = np.abs(t)
    inner = 1.5 * t**3 - 2.5 * t**2 + 1
    outer = -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2
    return np.where(t < 1, inner, np.where(t < 2, outer, 0.0))


def centre_by_mass(boxes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(n, 20, 20) -> (n, 28, 28)."""
    mass = boxes.sum((1, 2))
    index = np.arange(BOX)
    row = (boxes.sum(2) @ index) / mass  # (n,)
    column = (boxes.sum(1) @ index) / mass
    images = np.zeros((len(boxes), SIDE, SIDE), np.uint8)
    tops = np.rint(CENTRE - row).astype(int)
    lefts = np.rint(CENTRE - column).astype(int)
    for image, box, top, left in zip(images, boxes, tops, lefts, strict=True):
        image[top : top + BOX, left : left + BOX] = box
    return images
