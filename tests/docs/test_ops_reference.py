"""The reference pages say what the code says, and leave nothing out."""

import inspect
from types import ModuleType

import pytest

from docs import generate_excerpts, generate_ops, generate_passes, make_pictures
from lowering.universe import PASSES

DEFINITIONS = [
    definition
    for _, _, dialect in generate_ops.SECTIONS
    for definition in (*dialect.operations, *dialect.attributes)
]


@pytest.mark.parametrize("generator", [generate_ops, generate_passes], ids=lambda g: g.PAGE.name)
def test_the_page_is_up_to_date(generator: ModuleType):
    same = generator.PAGE.read_text() == generator.render()
    assert same, f"{generator.PAGE.name} is out of date: run python -m docs"


def test_every_pass_has_an_entry():
    page = generate_passes.PAGE.read_text()
    assert [name for name in PASSES if f"## `{name}`\n" not in page] == []


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda d: d.name)
def test_every_definition_says_what_it_is(definition: type):
    assert (inspect.getdoc(definition) or "").strip()


@pytest.mark.parametrize(
    "op", [op for _, _, d in generate_ops.SECTIONS for op in d.operations], ids=lambda op: op.name
)
def test_every_operation_has_an_entry_with_an_example(op: type):
    page = generate_ops.PAGE.read_text()
    _, heading, rest = page.partition(f"### `{op.name}`\n")
    assert heading
    entry = rest.partition("\n### ")[0]
    assert op.name in entry.partition("```mlir\n")[2]


def test_the_excerpts_and_pictures_are_up_to_date(capsys: pytest.CaptureFixture[str]):
    codes = [generate_excerpts.main(check=True), make_pictures.main(check=True)]
    assert codes == [0, 0], f"{capsys.readouterr().out.strip()}: run python -m docs"
