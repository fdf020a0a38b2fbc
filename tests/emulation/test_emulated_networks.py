"""Whole networks on emulated processors, in static programs and in libraries that are loaded."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp

from examples.digits import data
from examples.digits.integer_net import forward
from examples.digits.module import FILE, read_net
from examples.tinier_yolo import build_module, load
from lowering.pipeline import LEVELS, lower
from lowering.targets import Target, get_target
from runtime.remote.program import Job, Unit
from runtime.source import parse_module
from tests.differential.branched import branched
from tests.differential.strategies import networks
from tests.differential.test_pool import two_layers
from tests.emulation.emulated import (
    FAMILIES,
    PLACES,
    TARGETS,
    TIME_LIMIT,
    Batch,
    drawn,
    each_target,
    emulated,
    linked,
)
from tests.emulation.test_emulated_contractions import STRATEGIES
from tests.models.paths import model
from tests.sweep import SCALE, swept

each_kind = pytest.mark.parametrize("is_static", [True, False], ids=["static", "dlopened"])
DIGITS = parse_module(FILE.read_text(), str(FILE))


@cache
def digits_unit(target: str) -> Unit:
    return Unit.of(DIGITS, get_target(target))


@each_kind
@each_target
def test_digits(target: str, is_static: bool) -> None:
    """The logits of all images, or of some at places that are not aligned, bit for bit."""
    digits, net = data.load(), read_net(DIGITS)
    images = digits.images if is_static else digits.images[:50]
    places = ("+0",) if is_static else PLACES
    expected = forward(net, images).astype(np.float32) * np.float32(net.head_scale)
    with emulated(target) as machine:
        program = linked([digits_unit(target)], target, is_static=is_static)
        ((name, signature),) = program.signatures.items()
        program.put(machine)
        jobs = [
            Job(name, signature.to_storages([image[None]]), place)
            for place in places
            for image in images
        ]
        reports = program.run(machine, jobs, TIME_LIMIT)
    assert not [report.faults for report in reports if report.faults]
    found = np.array([report.outputs[0] for report in reports]).reshape(len(places), -1, 10)
    for logits, place in zip(found, places, strict=True):
        assert np.array_equal(logits, expected), place


@each_target
def test_tinier_yolo(target: str) -> None:
    """Seven convolutions, bit for bit, static and dlopened."""
    arrays = load(model("tinier_yolo/tinier_yolo_w1a3.npz"))
    expected = arrays["expected_output"][None]
    with emulated(target) as machine:
        unit = Unit.of(build_module(arrays), get_target(target))
        for is_static in (True, False):
            program = linked([unit], target, is_static=is_static)
            ((name, signature),) = program.signatures.items()
            program.put(machine)
            job = Job(name, signature.to_storages([arrays["input"][None]]), "+1")
            (report,) = program.run(machine, [job], TIME_LIMIT)
            assert report.faults == ()
            assert np.array_equal(report.outputs[0], expected)


@pytest.mark.parametrize("is_static", [True, *swept(False)])
@each_target
def test_drawn_networks(target: str, is_static: bool) -> None:
    """Two or three layers, fused, packed from layer to layer, whatever hypothesis thinks of."""
    batch, seed = Batch(target), 2 * TARGETS.index(target) + is_static
    for i, graph in enumerate(drawn(networks(), 4, seed)):
        batch.add(graph, f"{i}: {graph}", STRATEGIES[(i + seed) % 3])
    batch.add(two_layers(), "two layers", "dot")
    batch.run(is_static=is_static)


def unit_from(level: str) -> Callable[[ModuleOp, Target, str], Unit]:
    """Compiles a module from the text of a level."""

    def compile(module: ModuleOp, target: Target, strategy: str) -> Unit:
        lowered = module.clone()
        lower(lowered, target.name, level, strategy)
        return Unit.of(parse_module(str(lowered)), target, strategy)

    return compile


FROM = [
    (FAMILIES[0], "llvm"),
    (FAMILIES[1], "stages"),
    *swept(*((target, level) for target in TARGETS for level in LEVELS)),
]


@pytest.mark.parametrize(("target", "level"), FROM)
def test_branched_networks_from_the_text_of_a_level(target: str, level: str) -> None:
    batch = Batch(target, ("+1",), unit_from(level))
    for seed in range(max(1, round(SCALE))):
        network = branched(seed + TARGETS.index(target), 2)
        batch.add(network.graph, f"seed {network.seed}")
    batch.run()
