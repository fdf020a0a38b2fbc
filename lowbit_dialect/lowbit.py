"""The `lowbit` dialect: every operation, type and attribute of it."""

from xdsl.ir import Dialect

from lowbit_dialect.codes import BipolarType, CodebookType, SignedType, UnipolarType
from lowbit_dialect.epilogue_schedule import EpilogueScheduleAttr
from lowbit_dialect.layouts.channels import ChannelsAttr
from lowbit_dialect.layouts.packed import PackedAttr
from lowbit_dialect.ops.activations import PReluOp, UnaryOp
from lowbit_dialect.ops.binary import BinaryOp
from lowbit_dialect.ops.bitserial import BitserialConvOp, BitserialGemmOp
from lowbit_dialect.ops.cast import CastOp
from lowbit_dialect.ops.compute import ComputeOp, LaunchOp, ViewAsOp
from lowbit_dialect.ops.concat import ConcatOp
from lowbit_dialect.ops.contraction import Conv2DOp, MatmulOp
from lowbit_dialect.ops.copy import CopyOp, ZeroGapsOp
from lowbit_dialect.ops.correction import CorrectionOp
from lowbit_dialect.ops.dot import DotConvOp, DotGemmOp
from lowbit_dialect.ops.dot_tile import DotTileOp
from lowbit_dialect.ops.elementwise import AddOp, DequantizeOp, QuantizeOp
from lowbit_dialect.ops.float_contraction import FloatConv2DOp, FloatMatmulOp
from lowbit_dialect.ops.floats import AffineOp, BatchNormOp, ClipOp, RoundOp
from lowbit_dialect.ops.glue import FusedGlueOp
from lowbit_dialect.ops.kernel import YieldOp
from lowbit_dialect.ops.lut import LutConvOp, LutGemmOp
from lowbit_dialect.ops.lut_tile import BuildTablesOp, LutSumsOp, LutTileOp
from lowbit_dialect.ops.move import PadOp, SliceOp, TransposeOp
from lowbit_dialect.ops.pack import BitpackOp, ConstantOp, UnpackOp
from lowbit_dialect.ops.pool import AvgPool2DOp, MaxPool2DOp
from lowbit_dialect.ops.product_lut import ProductLutConvOp, ProductLutGemmOp
from lowbit_dialect.ops.product_lut_tile import ProductLutTileOp
from lowbit_dialect.ops.reduce import ReduceOp
from lowbit_dialect.ops.reshape import ReshapeOp
from lowbit_dialect.ops.resize import ResizeOp
from lowbit_dialect.ops.sort_key import SortKeyOp
from lowbit_dialect.ops.tile import BitserialTileOp
from lowbit_dialect.schedule import ScheduleAttr

Lowbit = Dialect(
    "lowbit",
    [
        AddOp,
        AffineOp,
        AvgPool2DOp,
        BatchNormOp,
        BinaryOp,
        BitpackOp,
        BitserialConvOp,
        BitserialGemmOp,
        BitserialTileOp,
        ComputeOp,
        CastOp,
        ClipOp,
        ConcatOp,
        ConstantOp,
        Conv2DOp,
        CopyOp,
        CorrectionOp,
        DequantizeOp,
        DotConvOp,
        DotGemmOp,
        DotTileOp,
        LaunchOp,
        LutConvOp,
        LutGemmOp,
        LutSumsOp,
        LutTileOp,
        BuildTablesOp,
        FloatConv2DOp,
        FloatMatmulOp,
        FusedGlueOp,
        MatmulOp,
        MaxPool2DOp,
        PReluOp,
        PadOp,
        ProductLutConvOp,
        ProductLutGemmOp,
        ProductLutTileOp,
        QuantizeOp,
        ReduceOp,
        ReshapeOp,
        ResizeOp,
        RoundOp,
        SortKeyOp,
        SliceOp,
        TransposeOp,
        UnaryOp,
        UnpackOp,
        ViewAsOp,
        YieldOp,
        ZeroGapsOp,
    ],
    [
        BipolarType,
        ChannelsAttr,
        CodebookType,
        EpilogueScheduleAttr,
        PackedAttr,
        ScheduleAttr,
        SignedType,
        UnipolarType,
    ],
)
