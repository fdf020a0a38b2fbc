"""ResNet18 of every pair, bit for bit against plain numpy."""

from itertools import product

import numpy as np
import pytest
import resnet18_model as model

from examples.networks.calibration import level_shares
from examples.networks.resnet18 import PAIRS, build_module, build_probe, random_network
from lowering.targets import get_target
from runtime import compile
from runtime.remote.program import Job, Unit
from tests.emulation.emulated import FAMILIES, TIME_LIMIT, emulated, linked
from tests.sweep import swept

QUICK = [("A1W1", "threshold", "host"), ("A2W2", "shift", "host+avx2")]
CASES = [
    *QUICK,
    *swept(
        *(
            case
            for case in product(PAIRS, ("threshold", "shift"), ("host", "host+avx2"))
            if case not in QUICK
        )
    ),
]


def images(count: int, size: int, seed: int = 1) -> np.ndarray:
    """Random, saturated and empty images."""
    found = np.random.default_rng(seed).integers(0, 256, (count, size, size, 3), np.uint8)
    found[1:2], found[2:3] = 255, 0
    return found


@pytest.mark.parametrize(("pair", "form", "target"), CASES)
def test_logits_at_32(pair: str, form: str, target: str) -> None:
    network = random_network(pair, 32, form, seed=3)
    executable = compile(build_module(network), target)
    given = images(4, 32)
    expected = model.forward(network, given)["logits"]
    for num_threads in (1, 2):
        found = np.concatenate([executable(x[None], num_threads=num_threads) for x in given])
        assert np.array_equal(found, expected)


def test_logits_as_floats_of_a_batch() -> None:
    """Seven channels a stage and more: ragged words in every layer."""
    network = random_network("A2W1", 19, channels=(7, 9, 34, 40))
    executable = compile(build_module(network, batch=2, scale=0.25))
    given = images(2, 19)
    expected = model.forward(network, given)["logits"].astype(np.float32) * np.float32(0.25)
    assert np.array_equal(executable(given), expected)


@pytest.mark.parametrize("pair", ["A2W1", *swept("A1W1", "A2W2", "A4W4")])
def test_each_level_holds_a_twentieth(pair: str) -> None:
    """Of the images that the thresholds were calibrated on."""
    seed, batch = 5, 4
    network = random_network(pair, 64, seed=seed, batch=batch)
    given = np.random.default_rng(seed).integers(0, 256, (batch, 64, 64, 3))
    outputs = model.forward(network, given)
    for block in network.blocks:
        for name, code in (
            (f"{block.name}.entry", block.entry.code),
            (block.first.name, block.first.glue.code),
        ):
            assert level_shares(outputs[name], code).min() >= 0.05, name


@pytest.mark.sweep
@pytest.mark.parametrize("form", ["threshold", "shift"])
@pytest.mark.parametrize("pair", PAIRS)
def test_positions_of_every_layer_at_224(pair: str, form: str) -> None:
    """Each layer at sampled positions, of the outputs of the layer before."""
    network = random_network(pair, 224, form, batch=1)
    module, names = build_probe(network)
    given = images(1, 224)
    outputs = dict(zip(names, compile(module)(given), strict=True))
    inputs = {"stem": (network.stem, "image"), **model.layer_inputs(network)}
    outputs["image"], rng = given, np.random.default_rng(7)
    for name, (layer, source) in inputs.items():
        _, height, width, _ = outputs[name].shape
        rows, cols = rng.integers(0, height, 60), rng.integers(0, width, 60)
        rows[:2], cols[1:3] = (0, height - 1), (0, width - 1)
        acc = model.conv(outputs[source], layer, rows, cols)
        expected = model.glue(acc, layer.glue.form, layer.glue.code, layer.glue.parameters)
        assert np.array_equal(outputs[name][:, rows, cols], expected), name
    x = model.pooled(outputs["stem"])
    for block in network.blocks:
        entry = model.glue(x, block.entry.form, block.entry.code, block.entry.parameters)
        assert np.array_equal(outputs[f"{block.name}.entry"], entry), block.name
        shortcut = x if block.shortcut is None else outputs[block.shortcut.name]
        total = shortcut.astype(np.int64) + outputs[block.second.name]
        x = outputs[block.name]
        assert np.array_equal(x, np.clip(total, 0, 255)), block.name
    assert np.array_equal(outputs["pooled"].reshape(1, -1), model.average(x.astype(np.int64)))
    logits = outputs["pooled"].reshape(1, -1).astype(np.int64) @ network.classifier
    assert np.array_equal(outputs["logits"], logits)
    assert np.array_equal(compile(build_module(network))(given), logits)


@pytest.mark.parametrize("target", [FAMILIES[0], *swept(*FAMILIES[1:])])
@pytest.mark.parametrize("pair", ["A1W1", *swept("A2W2", "A4W4")])
def test_emulated(pair: str, target: str) -> None:
    network = random_network(pair, 24, channels=(16, 16, 32, 32))
    given = images(2, 24)
    unit = Unit.of(build_module(network), get_target(target))
    with emulated(target) as machine:
        program = linked([unit], target)
        ((name, signature),) = program.signatures.items()
        program.put(machine)
        jobs = [Job(name, signature.to_storages([image[None]]), "+0") for image in given]
        reports = program.run(machine, jobs, TIME_LIMIT)
    assert not [report.faults for report in reports if report.faults]
    found = np.concatenate([report.outputs[0] for report in reports])
    assert np.array_equal(found, model.forward(network, given)["logits"])
