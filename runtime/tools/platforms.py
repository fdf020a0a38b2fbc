"""How programs from elsewhere call the architectures of the targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lowering.targets import Target, get_target
from runtime.tools.tool import Command


@dataclass(frozen=True)
class Platform:
    """The names of one architecture.

    Attributes:
        compilers: C compilers for it on any machine, with the options that they need.
        packages: packages of Debian and Ubuntu with a C compiler and its libraries.
        zig: the target of `zig cc`.
        emulators: QEMU's user-mode emulators.
        sysroot: the folder with the libraries of dynamic programs on other machines.
    """

    compilers: tuple[Command, ...]
    packages: tuple[str, ...]
    zig: str
    emulators: tuple[Command, ...] = ()
    sysroot: str = "/"


_ARM_FLAGS = ("-march=armv7-a", "-mfpu=neon", "-mfloat-abi=hard", "-marm")

PLATFORMS: Mapping[str, Platform] = {
    "x86_64": Platform(
        compilers=(("x86_64-linux-gnu-gcc",),),
        packages=("gcc", "libc6-dev"),
        zig="x86_64-linux-musl",
        emulators=(("qemu-x86_64",), ("qemu-x86_64-static",)),
    ),
    "aarch64": Platform(
        compilers=(("aarch64-linux-gnu-gcc",),),
        packages=("gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross"),
        zig="aarch64-linux-musl",
        emulators=(("qemu-aarch64",), ("qemu-aarch64-static",)),
        sysroot="/usr/aarch64-linux-gnu",
    ),
    "armv7": Platform(
        compilers=(("arm-linux-gnueabihf-gcc", *_ARM_FLAGS),),
        packages=("gcc-arm-linux-gnueabihf", "libc6-dev-armhf-cross"),
        zig="arm-linux-musleabihf",
        emulators=(("qemu-arm",), ("qemu-arm-static",)),
        sysroot="/usr/arm-linux-gnueabihf",
    ),
}
"""By the architecture of a target."""


def platform_of(target: Target) -> Platform:
    """The names of the architecture of a target."""
    return PLATFORMS[target.arch]


def is_native(target: Target) -> bool:
    """Whether this machine is of the architecture of a target."""
    return target.arch == get_target("host").arch
