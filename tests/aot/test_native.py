"""Which targets need no emulator and no cross compiler, on machines that are not this one."""

import pytest

from lowering.targets import get_target
from lowering.targets.host import describe
from runtime.tools import emulators, platforms
from runtime.tools.emulators import find_emulator
from runtime.tools.platforms import is_native


@pytest.mark.parametrize(
    ("triple", "native"),
    [
        ("aarch64-unknown-linux-gnu", ["cortex-a53", "neoverse-n1"]),
        ("armv8l-unknown-linux-gnueabihf", ["cortex-a7", "cortex-a9"]),
        ("armv7l-unknown-linux-gnueabihf", ["cortex-a7", "cortex-a9"]),
    ],
)
def test_native_is_what_this_process_is(
    triple: str, native: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    host = describe(triple, "generic", {"neon": True}, "+neon")
    monkeypatch.setattr(platforms, "get_target", lambda _: host)
    names = ("cortex-a53", "neoverse-n1", "cortex-a7", "cortex-a9", "x86-64")
    assert [name for name in names if is_native(get_target(name))] == native


def test_instructions_that_this_machine_lacks_are_emulated(monkeypatch: pytest.MonkeyPatch) -> None:
    host = describe("aarch64-unknown-linux-gnu", "cortex-a53", {"neon": True}, "+neon")
    for module in (platforms, emulators):
        monkeypatch.setattr(module, "get_target", lambda _: host)
    monkeypatch.setattr(emulators, "find", lambda _: ("/usr/bin/qemu-aarch64",))
    assert find_emulator(get_target("cortex-a53")) == ()
    assert find_emulator(get_target("neoverse-n1"))[:3] == (
        *("/usr/bin/qemu-aarch64", "-cpu", "neoverse-n1"),
    )
