"""The reference page says what the code says, and leaves nothing out."""

import inspect

import pytest

from docs import generate_excerpts, generate_ops

DEFINITIONS = [
    definition
    for _, _, dialect in generate_ops.SECTIONS
    for definition in (*dialect.operations, *dialect.attributes)
]


def test_the_page_is_up_to_date():
    same = generate_ops.PAGE.read_text() == generate_ops.render()
    assert same, "docs/ops.md is out of date: run python -m docs.generate_ops"


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


def test_the_excerpts_are_up_to_date():
    stale = [
        path.name
        for path in sorted(generate_excerpts.DOCS.glob("*.md"))
        if generate_excerpts.fill(path.read_text()) != path.read_text()
    ]
    assert not stale, f"{stale}: run python -m docs.generate_excerpts"
