"""A whole detector: boxes of photos, and the integers between stem and head."""

import numpy as np
import pytest
from paths import model

import lowbit
from examples import tinier_yolo
from examples.detect import Fit, build_module, load_ends, objects, read_photo
from lowbit_dialect import reference
from lowering.targets import get_target
from runtime.remote.program import Job, Unit
from tests.emulation.emulated import emulated, linked
from tests.sweep import swept

pytest.importorskip("PIL")

FOLDER = model("tinier_yolo/tinier_yolo_ends.npz").parent

EXPECTED = {
    "dog": [
        (0.872, "car", (367, 113, 756, 155)),
        (0.850, "dog", (108, 242, 345, 540)),
        (0.776, "bicycle", (83, 59, 558, 516)),
    ],
    "person": [
        (0.963, "person", (193, 28, 284, 437)),
        (0.952, "sheep", (388, 142, 632, 334)),
        (0.816, "dog", (73, 272, 208, 326)),
        (0.642, "dog", (-16, 268, 272, 354)),
        (0.561, "sheep", (431, 175, 545, 309)),
    ],
    "horses": [
        (0.731, "horse", (441, 253, 585, 321)),
        (0.641, "horse", (-65, 215, 368, 390)),
        (0.593, "horse", (237, 219, 421, 339)),
        (0.533, "horse", (-8, 199, 214, 334)),
        (0.428, "cow", (285, 225, 487, 339)),
    ],
}
"""As the files' README states them, computed in f32 around the integer layers."""


def network():
    return tinier_yolo.load(FOLDER / "tinier_yolo_w1a3.npz"), load_ends(
        FOLDER / "tinier_yolo_ends.npz"
    )


def check(boxes, scores, ends, fit: Fit, name: str) -> None:
    found = objects(boxes, scores, ends["classes"].tolist(), fit)
    assert [one.name for one in found] == [kind for _, kind, _ in EXPECTED[name]]
    for one, (score, _, box) in zip(found, EXPECTED[name], strict=True):
        assert abs(one.score - score) < 0.01
        assert np.abs(np.array(one.box) - box).max() <= 2


@pytest.mark.parametrize("name", ["dog", *swept("person", "horses")])
def test_boxes_are_those_of_the_table(name: str) -> None:
    data, ends = network()
    photo = read_photo(FOLDER / f"{name}.jpg")
    fit = Fit(photo.shape[1], photo.shape[0])
    run = lowbit.compile(build_module(data, ends, fit, with_middle=True))
    boxes, scores, middle = run(photo[None], num_threads=2)
    check(boxes, scores, ends, fit, name)

    # The integers of the middle are those of the hidden layers alone, for the stem's integers.
    stem = _stem(photo, ends, fit)
    alone = lowbit.compile(tinier_yolo.build_module(data))(stem)
    assert np.array_equal(middle, alone)


def _stem(photo, ends, fit: Fit):
    """The integers ahead of the hidden layers, in numpy: the channels of a tap first, in f32."""
    (width, height), (left, top) = fit.size, fit.before
    x = photo[None].astype(np.float32) / np.float32(255)
    for axis, size in ((2, width), (1, height)):
        x = reference.resize(x, axis, size, "linear", "align_corners")
    padded = np.full((1, 418, 418, 3), 0.5, np.float32)
    padded[:, 0], padded[:, -1], padded[:, :, 0], padded[:, :, -1] = 0, 0, 0, 0
    padded[:, 1 + top : 1 + top + height, 1 + left : 1 + left + width] = x
    padded = padded.transpose(0, 2, 1, 3)
    sums = np.zeros((1, 208, 208, 16), np.float32)
    for i, j in np.ndindex(3, 3):
        taps = np.zeros_like(sums)
        for c in range(3):
            pixels = padded[:, i : i + 416 : 2, j : j + 416 : 2, c : c + 1].astype(np.float64)
            taps = (pixels * ends["conv0_weight"][:, i, j, c] + taps).astype(np.float32)
        sums += taps
    return np.rint(np.clip((sums + ends["conv0_bias"]) / 4, 0, 1) * 7).astype(np.int64)


@pytest.mark.sweep
@pytest.mark.parametrize("target", ["cortex-a53", "cortex-a9"])
def test_boxes_of_an_emulated_library(target: str) -> None:
    data, ends = network()
    photo = read_photo(FOLDER / "dog.jpg")
    fit = Fit(photo.shape[1], photo.shape[0])
    unit = Unit.of(build_module(data, ends, fit), get_target(target), "auto")
    with emulated(target) as machine:
        program = linked([unit], target)
        program.put(machine)
        ((entry, signature),) = program.signatures.items()
        job = Job(entry, signature.to_storages([photo[None]]), "end", 1)
        (report,) = program.run(machine, [job], 600)
    assert not report.faults
    boxes, scores = report.outputs
    check(boxes, scores, ends, fit, "dog")
