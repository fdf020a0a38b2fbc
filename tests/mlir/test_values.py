"""What `llc` makes of the modules that `mlir-translate` read computes what numpy computes."""

import pytest
from xdsl.dialects.builtin import ModuleOp

from lowering.targets import TARGETS
from tests.differential.check import STRATEGIES, assert_same, call, prefer, turn
from tests.differential.check import TARGETS as RUN
from tests.differential.graph import Graph, module_of
from tests.differential.strategies import networks
from tests.emulation.emulated import Batch, drawn
from tests.mlir.programs import check_levels, executable_by_llc, unit_by_llc

BATCH = 10
OTHERS = [target for target in TARGETS if target != "x86-64"]


def preferred(graph: Graph, target: str, strategy: str) -> ModuleOp:
    """The module of a graph, with kernels of a strategy where it takes the contraction."""
    module = module_of(graph)
    prefer(module, target, strategy)
    return module


def check_values(graph: Graph, target: str, strategy: str) -> None:
    """The function by llc, called once, against the numbers of the graph."""
    executable = executable_by_llc(preferred(graph, target, strategy), target, graph.name)
    results = call(executable, graph)
    for i, (found, value) in enumerate(zip(results, graph.results, strict=True)):
        assert_same(found, value, f"{target} {strategy} by llc, result {i} of {graph}")


@pytest.mark.parametrize("place", range(3))
def test_network(place: int) -> None:
    graph = drawn(networks(2), 1, seed=100 + place)[-1]
    check_values(graph, turn(place), STRATEGIES[place % len(STRATEGIES)])


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(200 // BATCH))
def test_networks(seed: int) -> None:
    """200 networks: values on this machine, and every level on one other target."""
    for place, graph in enumerate(drawn(networks(), BATCH, seed)):
        number = seed * BATCH + place
        strategy = STRATEGIES[number % len(STRATEGIES)]
        check_values(graph, RUN[number // len(STRATEGIES) % len(RUN)], strategy)
        other = OTHERS[number % len(OTHERS)]
        check_levels(preferred(graph, other, strategy), other)


@pytest.mark.sweep
@pytest.mark.parametrize("target", ["cortex-a53", "cortex-a9"])
def test_networks_on_arm(target: str) -> None:
    """Objects by llc run on emulated processors, with buffers at every place."""
    batch = Batch(target, compile=unit_by_llc)
    for number, graph in enumerate(drawn(networks(), BATCH, seed=7)):
        batch.add(graph, f"seed 7, network {number}", STRATEGIES[number % len(STRATEGIES)])
    assert batch.run()
