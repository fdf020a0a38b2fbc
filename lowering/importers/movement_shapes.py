"""The types of the results of operators that move elements."""

from __future__ import annotations

from math import prod

import numpy as np

from lowering.importers.site import Infer, Result, Site


def _concat(site: Site) -> Result:
    shapes = [list(site.shape(i)) for i in range(len(site.node.inputs))]
    axis = site.axis("axis", len(shapes[0]))
    total = 0
    for shape in shapes:
        if len(shape) != len(shapes[0]):
            raise site.error(f"shapes {shapes} do not fit each other")
        total += shape[axis]
    shape = [*shapes[0][:axis], total, *shapes[0][axis + 1 :]]
    if any([*s[:axis], total, *s[axis + 1 :]] != shape for s in shapes):
        raise site.error(f"shapes {shapes} do not fit each other")
    return [(site.type(0).element_type, shape)]


def _split(site: Site) -> Result:
    shape, count = list(site.shape(0)), len(site.node.outputs)
    axis = site.axis("axis", len(shape))
    parts = site.numbers("split", 1)
    if parts is None:
        size = -(-shape[axis] // count)
        parts = [min(size, shape[axis] - i * size) for i in range(count)]
    if len(parts) != count or sum(parts) != shape[axis] or min(parts) < 1:
        raise site.error(f"parts {parts} of {shape[axis]} in {count} outputs")
    element = site.type(0).element_type
    return [(element, [*shape[:axis], part, *shape[axis + 1 :]]) for part in parts]


def slices(site: Site) -> tuple[slice, ...]:
    """The part that `Slice` takes along each dimension."""
    shape = site.shape(0)
    starts, ends = site.numbers("starts", 1), site.numbers("ends", 2)
    if starts is None or ends is None:
        raise site.error("starts and ends are missing")
    axes = site.numbers("axes", 3) or list(range(len(starts)))
    given = site.constant(4)
    steps = [1] * len(starts) if given is None else [int(step) for step in given.reshape(-1)]
    if not len(starts) == len(ends) == len(axes) == len(steps) or 0 in steps:
        raise site.error(f"starts {starts}, ends {ends}, axes {axes}, steps {steps} do not fit")
    found = [slice(None)] * len(shape)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        dim = site.dimension(axis, len(shape))
        stop = None if step < 0 and end < -shape[dim] else end
        found[dim] = slice(start, stop, step)
    return tuple(found)


def _slice(site: Site) -> Result:
    parts = zip(site.shape(0), slices(site), strict=True)
    shape = [len(range(*part.indices(extent))) for extent, part in parts]
    return [(site.type(0).element_type, shape)]


def _flatten(site: Site) -> Result:
    shape = site.shape(0)
    axis = site.axis("axis", max(len(shape), 1), 1)
    return [(site.type(0).element_type, (prod(shape[:axis]), prod(shape[axis:])))]


def _reshape(site: Site) -> Result:
    shape = site.shape(0)
    given = site.numbers("shape", 1)
    if given is None:
        raise site.error("the shape is missing")
    if not site.node.int("allowzero"):
        if any(extent == 0 and i >= len(shape) for i, extent in enumerate(given)):
            raise site.error(f"shape {given} keeps extents that x, {list(shape)}, lacks")
        given = [extent or shape[i] for i, extent in enumerate(given)]
    if given.count(-1) == 1:
        known = -prod(given)
        given = [prod(shape) // known if e == -1 and known else e for e in given]
    if min(given, default=1) < 0 or prod(given) != prod(shape):
        raise site.error(f"x of shape {list(shape)} cannot have shape {given}")
    return [(site.type(0).element_type, given)]


def permutation(site: Site) -> list[int]:
    """The order of dimensions of `Transpose`."""
    rank = len(site.shape(0))
    perm = site.node.numbers("perm") or list(reversed(range(rank)))
    if sorted(perm) != list(range(rank)):
        raise site.error(f"attribute 'perm' is {perm}, x has {rank} dimensions")
    return perm


def _transpose(site: Site) -> Result:
    shape = site.shape(0)
    return [(site.type(0).element_type, [shape[d] for d in permutation(site)])]


def _squeeze(site: Site) -> Result:
    shape = site.shape(0)
    axes = site.numbers("axes", 1)
    dims = (
        [d for d, extent in enumerate(shape) if extent == 1]
        if axes is None
        else [site.dimension(axis, len(shape)) for axis in axes]
    )
    if any(shape[d] != 1 for d in dims):
        raise site.error(f"axes {axes} of {list(shape)} are not all 1")
    return [(site.type(0).element_type, [e for d, e in enumerate(shape) if d not in dims])]


def _unsqueeze(site: Site) -> Result:
    axes, shape = site.numbers("axes", 1) or [], list(site.shape(0))
    rank = len(shape) + len(axes)
    for dim in sorted(site.dimension(axis, rank) for axis in axes):
        shape.insert(dim, 1)
    return [(site.type(0).element_type, shape)]


def pads_of(site: Site) -> list[tuple[int, int]]:
    """The padding of `Pad` ahead of and behind each dimension."""
    rank = len(site.shape(0))
    pads = site.node.numbers("paddings") or site.numbers("pads", 1) or []
    axes = site.constant(3)
    dims = range(rank) if axes is None else [site.dimension(int(a), rank) for a in axes.reshape(-1)]
    if len(pads) != 2 * len(dims):
        raise site.error(f"attribute 'pads' has {len(pads)} numbers, expected {2 * len(dims)}")
    found = [(0, 0)] * rank
    for i, dim in enumerate(dims):
        found[dim] = (pads[i], pads[i + len(dims)])
    return found


def _pad(site: Site) -> Result:
    shape = [
        extent + before + after
        for extent, (before, after) in zip(site.shape(0), pads_of(site), strict=True)
    ]
    return [(site.type(0).element_type, shape)]


def _sizes_of(site: Site) -> list[int] | None:
    """The sizes of Resize, or None where it has scales, as Upsample always has."""
    sizes = None if site.node.operator.data == "Upsample" else site.constant(3)
    return [int(size) for size in sizes.reshape(-1)] if sizes is not None and sizes.size else None


def scales_of(site: Site) -> list[float] | None:
    """The scales of Resize or Upsample, or None where it has sizes.

    Raises:
        PassFailedException: a scale is not positive, or is 65,536 or more.
    """
    if _sizes_of(site) is not None:
        return None
    is_upsample = site.node.operator.data == "Upsample"
    first = 1 if is_upsample or len(site.node.inputs) == 2 else 2
    scales = site.node.numbers("scales") if is_upsample else None
    if scales is None:
        array = site.constant(first)
        scales = [] if array is None else [float(s) for s in array.reshape(-1)]
    if not all(0 < s < 1 << 16 for s in scales):
        raise site.error(f"scales {scales} are not positive")
    return [float(s) for s in scales]


def _resize(site: Site) -> Result:
    shape, given = site.shape(0), _sizes_of(site)
    if given is None:
        scales = scales_of(site) or []
        given = [int(np.floor(e * s)) for e, s in zip(shape, scales, strict=False)]
    if site.node.has("axes"):
        raise site.error("attribute 'axes' is not supported")
    if len(given) != len(shape):
        raise site.error(f"sizes or scales for {len(given)} of {len(shape)} dimensions")
    return [(site.type(0).element_type, given)]


def _depth_to_space(site: Site) -> Result:
    size, (n, c, h, w) = site.node.int("blocksize"), _image(site)
    if size < 1 or c % (size * size):
        raise site.error(f"attribute 'blocksize' is {size}, x has {c} channels")
    return [(site.type(0).element_type, (n, c // (size * size), h * size, w * size))]


def _space_to_depth(site: Site) -> Result:
    size, (n, c, h, w) = site.node.int("blocksize"), _image(site)
    if size < 1 or h % size or w % size:
        raise site.error(f"attribute 'blocksize' is {size}, the image is {h}x{w}")
    return [(site.type(0).element_type, (n, c * size * size, h // size, w // size))]


def _image(site: Site) -> tuple[int, ...]:
    shape = site.shape(0)
    if len(shape) != 4:
        raise site.error(f"x has shape {list(shape)}, expected an image")
    return shape


def _gather(site: Site) -> Result:
    shape = site.shape(0)
    axis = site.axis("axis", len(shape))
    return [(site.type(0).element_type, (*shape[:axis], *site.shape(1), *shape[axis + 1 :]))]


MOVEMENTS: dict[str, Infer] = {
    "Concat": _concat,
    "Split": _split,
    "Slice": _slice,
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Transpose": _transpose,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Pad": _pad,
    "Resize": _resize,
    "Upsample": _resize,
    "DepthToSpace": _depth_to_space,
    "SpaceToDepth": _space_to_depth,
    "Gather": _gather,
}
"""By operator."""
