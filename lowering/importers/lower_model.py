"""A model as a module of the `lowbit` dialect: the passes of the importer, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.utils.exceptions import PassFailedException, VerifyException

from lowbit_dialect.qonnx import dtype_of
from lowering.importers.fold_model_constants import fold_constants
from lowering.importers.import_onnx import INPUT_NAMES, OUTPUT_NAMES, import_file, names_of
from lowering.importers.infer_model_shapes import infer_shapes, shape_text
from lowering.importers.model_file import ModelError
from lowering.importers.model_to_integers import Converted, convert_function
from lowering.importers.sink_max_pools import sink_max_pools


def is_model(path: Path) -> bool:
    """Whether a file is a model of ONNX, by its name."""
    return path.suffix.lower() == ".onnx"


@dataclass(frozen=True)
class LoweredModel:
    """A model in the `lowbit` dialect.

    Args:
        module: with one function, `@main`.
        converted: the same function, and what became of the nodes.
    """

    module: ModuleOp
    converted: Converted


@dataclass(frozen=True)
class Model:
    """A model as it is in its file; `inputs` and `outputs` are the names of its tensors."""

    name: str
    source: ModuleOp
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    @staticmethod
    def open(path: Path) -> Model:
        """The model in a file.

        Raises:
            OSError: the file cannot be read.
            ValueError: it is no model, or one that is not supported; the message says where.
        """
        module = import_file(path)
        function = _function(module)
        inputs, outputs = names_of(function, INPUT_NAMES), names_of(function, OUTPUT_NAMES)
        return Model(str(path), module, tuple(inputs), tuple(outputs))

    @property
    def input_types(self) -> dict[str, str]:
        """Dtype and shape of each input, such as `float32, ?x28x28`, where the model has them."""
        arguments = zip(self.inputs, _function(self.source).body.block.args, strict=True)
        return {
            name: f"{dtype_of(type_.element_type)}, {shape_text(type_.get_shape()) or 'a scalar'}"
            for name, value in arguments
            if isinstance(type_ := value.type, TensorType)
        }

    def typed(self, shapes: Mapping[str, Sequence[int]] | None = None) -> func.FuncOp:
        """The function of the `qonnx` dialect, every value of which has a type.

        Args:
            shapes: of inputs, by name; of the others as the model has them, with 1 for a batch
                that it leaves open.

        Raises:
            ValueError: shapes do not fit each other; the message names the node.
        """
        function = _function(self.source.clone())
        try:
            infer_shapes(function, 0, shapes)
            fold_constants(function)
        except (PassFailedException, VerifyException) as error:
            raise ModelError(f"{self.name}: {error}") from error
        return function

    def lowered(
        self, shapes: Mapping[str, Sequence[int]] | None = None, *, with_quantizers: bool = False
    ) -> LoweredModel:
        """The model in the `lowbit` dialect.

        Args:
            shapes: as `typed` takes them.
            with_quantizers: whether the integers of every quantiser are results, too.

        Raises:
            ValueError: a node is not supported; the message names it.
        """
        function = self.typed(shapes)
        try:
            pools = sink_max_pools(function)
            converted = convert_function(function, pools, with_quantizers=with_quantizers)
            module = ModuleOp([converted.function])
            module.verify()
        except (PassFailedException, VerifyException) as error:
            raise ModelError(f"{self.name}: {error}") from error
        return LoweredModel(module, converted)


def _function(module: ModuleOp) -> func.FuncOp:
    function = module.body.block.first_op
    assert isinstance(function, func.FuncOp), "the importer makes one function"
    return function
