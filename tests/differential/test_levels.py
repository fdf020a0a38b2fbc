"""Every level is IR that verifies, prints and parses, and from which the way down goes on."""

from hypothesis import given
from hypothesis import strategies as st
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from lowering.pipeline import LEVELS, passes_of
from runtime import compile
from runtime.source import parse_module
from tests.differential.check import TARGETS, assert_same, call, check_interpreted
from tests.differential.graph import Graph, module_of
from tests.differential.strategies import examples, networks


def reparsed(module: ModuleOp, level: str) -> ModuleOp:
    """The module as read from its text."""
    module.verify()
    text = str(module)
    again = parse_module(text, level)
    assert str(again) == text, level
    return again


@examples(3)
@given(networks(most_layers=2), st.sampled_from(TARGETS), st.sampled_from(tuple(LEVELS)))
def test_texts(graph: Graph, target: str, start: str) -> None:
    """Every level has a text; stages run in the interpreter; compiling goes on from any level."""
    module, steps = module_of(graph), Context()
    for level in LEVELS:
        for step in passes_of(level, target):
            step.apply(steps, module)
        module = reparsed(module, level)
        if level == "stages":
            check_interpreted(graph, module, f"interpreted stages for {target}")
        if level == start:
            (*found,) = call(compile(module, target, use_cache=False), graph)
            for i, (result, value) in enumerate(zip(found, graph.results, strict=True)):
                assert_same(result, value, f"{target} from {level}, result {i}")
