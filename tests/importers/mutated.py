"""Models with changed bytes, read one after the other: run as a program, in a process of its own.

    python -m tests.importers.mutated SEED COUNT FILE..

It prints what became of each; whatever is raised but a diagnostic ends it.
"""

import resource
import sys
import warnings
from pathlib import Path

import numpy as np
import onnx
from xdsl.utils.exceptions import PassFailedException, VerifyException

from lowering.importers.import_onnx import import_bytes
from lowering.importers.lower_model import Model

MOST_MEMORY = 3 << 30


def mutate(rng: np.random.Generator, data: bytes) -> bytes:
    """A model that is cut, or some bytes of which are others, gone or there twice."""
    array = bytearray(data)
    kind = int(rng.integers(0, 4))
    if kind == 0:
        return bytes(array[: int(rng.integers(0, len(array)))])
    for _ in range(int(rng.integers(1, 6))):
        place = int(rng.integers(0, len(array)))
        if kind == 1:
            array[place] = int(rng.integers(0, 256))
        elif kind == 2:
            array[place] ^= 1 << int(rng.integers(0, 8))
        else:
            end = place + int(rng.integers(1, 9))
            array[place:end] = array[place:end] * int(rng.integers(0, 3))
    return bytes(array)


NUMBERS = (0.0, -1.0, 1e-45, 1e38, float("nan"), float("inf"), -0.5, 3e9, 255.0)


def changed(rng: np.random.Generator, data: bytes) -> bytes:
    """A model one tensor, node, attribute or extent of which is another."""
    model = onnx.load_from_string(data)
    graph = model.graph
    nodes, tensors = graph.node, graph.initializer
    node = nodes[int(rng.integers(0, len(nodes)))]
    tensor = tensors[int(rng.integers(0, len(tensors)))]
    kind = int(rng.integers(0, 8))
    if kind == 0:
        array = onnx.numpy_helper.to_array(tensor).copy()
        with np.errstate(all="ignore"):
            array.reshape(-1)[: int(rng.integers(1, 4))] = np.asarray(rng.choice(NUMBERS)).astype(
                array.dtype
            )
        tensor.CopyFrom(onnx.numpy_helper.from_array(array, tensor.name))
    elif kind == 1:
        tensor.dims.append(int(rng.choice([0, 1, -1, 2, 10**9, 1 << 62])))
    elif kind == 2:
        node.op_type = nodes[int(rng.integers(0, len(nodes)))].op_type
    elif kind == 3 and node.input:
        names = [*(t.name for t in tensors), *(o for n in nodes for o in n.output), "", "none"]
        node.input[int(rng.integers(0, len(node.input)))] = str(rng.choice(names))
    elif kind == 4 and node.attribute:
        attribute = node.attribute[int(rng.integers(0, len(node.attribute)))]
        number = int(rng.choice([0, -1, 2, 1 << 20, 1 << 40]))
        attribute.i = number
        if attribute.ints:
            attribute.ints[0] = number
    elif kind == 5:
        graph.input[0].type.tensor_type.shape.dim[1].dim_value = int(rng.choice([0, 1, 10**9]))
    elif kind == 6:
        del node.input[-1:]
    else:
        tensor.data_type = int(rng.integers(0, 28))
    return model.SerializeToString()


def main(seed: int, count: int, files: list[str]) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    warnings.simplefilter("ignore")
    models = [Path(file).read_bytes() for file in files]
    outcomes = {"read": 0, "refused": 0}
    for number in range(seed, seed + count):
        rng = np.random.default_rng(number)
        mutation = mutate if number % 3 == 0 else changed
        data = mutation(rng, models[int(rng.integers(0, len(models)))])
        print(number, end=" ", flush=True)
        try:
            Model("net", import_bytes(data, "net"), (), ()).lowered()
            outcomes["read"] += 1
        except (ValueError, PassFailedException, VerifyException) as error:
            if not str(error).startswith("net: "):
                raise
            outcomes["refused"] += 1
    print(f"\n{outcomes}")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
