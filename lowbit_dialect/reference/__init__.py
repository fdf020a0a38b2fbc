"""What the operations compute, in plain numpy on decoded integers.

Written from the definition and sharing nothing with the lowering, so that a test that compares the
two compares two things.
"""

from lowbit_dialect.reference.activations import BINARY, UNARY, binary, prelu, unary
from lowbit_dialect.reference.cast import cast
from lowbit_dialect.reference.contraction import conv2d, matmul
from lowbit_dialect.reference.elementwise import add, dequantize, quantize
from lowbit_dialect.reference.float_sums import (
    REDUCTIONS,
    float_conv2d,
    float_matmul,
    reduce_,
)
from lowbit_dialect.reference.floats import affine, batch_norm, clip, round_
from lowbit_dialect.reference.glue import (
    fused_glue_scale,
    fused_glue_shift,
    fused_glue_threshold,
)
from lowbit_dialect.reference.pool import (
    avg_pool2d,
    float_avg_pool2d,
    float_max_pool2d,
    max_pool2d,
)
from lowbit_dialect.reference.resize import COORDINATES, MODES, resize, resize_taps
from lowbit_dialect.reference.sort_key import sort_key

__all__ = [
    "BINARY",
    "COORDINATES",
    "MODES",
    "REDUCTIONS",
    "UNARY",
    "add",
    "affine",
    "avg_pool2d",
    "batch_norm",
    "binary",
    "cast",
    "clip",
    "conv2d",
    "dequantize",
    "float_avg_pool2d",
    "float_conv2d",
    "float_matmul",
    "float_max_pool2d",
    "fused_glue_scale",
    "fused_glue_shift",
    "fused_glue_threshold",
    "matmul",
    "max_pool2d",
    "prelu",
    "quantize",
    "reduce_",
    "resize",
    "resize_taps",
    "round_",
    "sort_key",
    "unary",
]
