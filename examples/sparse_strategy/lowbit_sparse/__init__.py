"""Contractions by popcounts that skip words of weights that are zero."""

from xdsl.ir import Dialect
from xdsl.universe import Universe

from .ops import SparseConvOp, SparseGemmOp, SparseTileOp
from .strategy import Sparse

STRATEGY = Sparse()
"""What the entry point `lowbit.strategies` names."""

UNIVERSE = Universe(
    all_dialects={
        "sparse": lambda: Dialect("sparse", [SparseConvOp, SparseGemmOp, SparseTileOp], [])
    }
)
"""What the entry point `xdsl.universe` names, so that `lowbit-opt` reads the operations."""
