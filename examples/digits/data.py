"""The handwritten digits of scikit-learn, in the form the low-bit network reads.

1797 images of 8 x 8 pixels; a pixel is an integer 0..16, so it is exactly an
`unipolar<5>` value and the network needs no float input. Needs scikit-learn
(extra `examples`), not torch.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

TEST_SIZE = 450
"""Images held out; the other 1347 train the network."""


class Digits(NamedTuple):
    """Images `(N, 8, 8, 1)` uint8, values 0..16 (NHWC), labels `(N,)` int64, and the split."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    train_index: NDArray[np.int64]
    test_index: NDArray[np.int64]


def load() -> Digits:
    """Load the images and the fixed stratified split (seed 0), the same in every run."""
    data, target = load_digits(return_X_y=True)
    images = np.asarray(data).astype(np.uint8).reshape(-1, 8, 8, 1)
    labels = np.asarray(target).astype(np.int64)
    train_index, test_index = train_test_split(
        np.arange(len(labels)), test_size=TEST_SIZE, random_state=0, stratify=labels
    )
    return Digits(images, labels, np.asarray(train_index), np.asarray(test_index))
