"""A module at every level, its assembly, and the facts about its stages."""

from __future__ import annotations

from dataclasses import dataclass, field

from xdsl.dialects.builtin import ModuleOp, TensorType

from lowbit_dialect.layouts.packed import byte_count
from lowbit_dialect.ops.compute import LaunchOp
from lowbit_dialect.ops.kernel import KernelOp
from lowbit_dialect.schedule import ScheduleAttr
from lowering.kernels.contraction import Contraction
from lowering.llvm.emit import module_to_llvm_ir
from lowering.llvm.object import compile_assembly, compile_object
from lowering.pipeline import Step, lower
from lowering.strategies import strategy_of
from lowering.support.functions import Function, callees, functions_of
from lowering.targets import Target
from runtime.analysis.assembly import AssemblyFunction, parse_assembly
from runtime.analysis.estimate import Estimate, estimate
from runtime.analysis.instructions import Mix, Spills, mix_of, spills_of
from runtime.analysis.mca import busiest_loop
from runtime.analysis.work import BitProducts, bit_products
from runtime.aot.elf import code_bytes
from runtime.signature import Signature
from runtime.signatures import signatures


@dataclass(frozen=True)
class ContractionReport:
    """What a convolution or matrix product is: nominal multiply-accumulates, bytes of weights.

    `macs_per_product` is how many of them each product of its kernel stands for.
    """

    macs: int
    weight_bytes: int
    macs_per_product: float


@dataclass(frozen=True)
class StageReport:
    """What a stage became.

    `loop` is the mix of its busiest innermost loop, `loop_spills` the spills in all of them. The
    last three are None for a stage that multiplies nothing.
    """

    name: str
    extent: int
    instructions: int
    spills: Spills
    loop_spills: Spills
    loop: Mix
    contraction: ContractionReport | None
    work: BitProducts | None
    estimate: Estimate | None


@dataclass
class Levels:
    """A module at each level, and what was learned on the way."""

    target: Target
    modules: dict[str, ModuleOp] = field(default_factory=dict)
    signatures: list[Signature] = field(default_factory=list)
    launches: dict[str, list[str]] = field(default_factory=dict)
    """The stages of each function."""
    contractions: dict[str, ContractionReport] = field(default_factory=dict)
    """Those of stages that are contractions."""
    code: dict[str, str] = field(default_factory=dict)
    """The function that has the code of each stage: its own, or one that stages share."""
    work: dict[str, BitProducts] = field(default_factory=dict)
    assembly: dict[str, AssemblyFunction] = field(default_factory=dict)
    llvm_ir: str = ""
    """The module as it goes into LLVM's passes."""

    @staticmethod
    def of(
        module: ModuleOp, target: Target, until: str | None = None, strategy: str = "auto"
    ) -> Levels:
        """Lower a module level by level, up to `until` or to assembly; it stays as it is."""
        levels, module = Levels(target), module.clone()
        levels.modules["tensors"] = module.clone()

        def after(step: Step, module: ModuleOp) -> None:
            if step.is_last:
                levels.modules[step.level] = module.clone()
                levels._learn(step.level, module)

        lower(module, target.name, until or "llvm", strategy, after=after)
        if until is not None:
            return levels
        levels.llvm_ir = module_to_llvm_ir(module, target)
        levels.assembly = parse_assembly(compile_assembly(levels.llvm_ir, target, comments=True))
        return levels

    def _learn(self, level: str, module: ModuleOp) -> None:
        """Keep the facts that a level shows and the next one does not."""
        functions = functions_of(module)
        if level == "stages":
            for name, function in functions.items():
                launches = [op for op in function.walk() if isinstance(op, LaunchOp)]
                if launches:
                    self.launches[name] = [launch.function_name for launch in launches]
                for op in function.body.walk():
                    if isinstance(op, KernelOp):
                        self.contractions[name] = _contraction(op, self.target)
        if level == "loops":
            self.signatures = signatures(module)
            for signature in self.signatures:
                self.launches[signature.name] = [name for name, _ in signature.stages]
                for name, extent in signature.stages:
                    self.code[name] = _code_of(functions[name])
                    self.work[name] = bit_products(functions[self.code[name]], extent)

    def stages(self, signature: Signature) -> list[StageReport]:
        """The stages of a function."""
        return [
            self._report(name, extent, self.contractions.get(name), self.work[name])
            for name, extent in signature.stages
        ]

    def code_bytes(self) -> int:
        """Bytes of the machine code of the whole module."""
        return code_bytes(compile_object(self.llvm_ir, self.target))

    def assembly_of(self, stage: str) -> AssemblyFunction:
        """The assembly of a stage, that of the function where it shares one."""
        return self.assembly[self.code[stage]]

    def _report(
        self, name: str, extent: int, contraction: ContractionReport | None, work: BitProducts
    ) -> StageReport:
        function, arch = self.assembly_of(name), self.target.arch
        loops = function.innermost_loops
        in_loops = [i for loop in loops for i in loop]
        busiest = mix_of(busiest_loop(function, self.target), arch)
        return StageReport(
            name,
            extent,
            len(function.instructions),
            spills_of(function.instructions, arch),
            spills_of(in_loops, arch),
            busiest,
            contraction,
            work if contraction else None,
            estimate(busiest, work, contraction.macs_per_product, self.target)
            if contraction
            else None,
        )


def _code_of(stage: Function) -> str:
    """The function that a stage calls, where it shares one, or its own name."""
    return next(callees(stage), stage.sym_name.data)


def _contraction(op: KernelOp, target: Target) -> ContractionReport:
    strategy, contraction = strategy_of(op), Contraction.of_kernel(op, target)
    schedule, weights = op.properties.get("schedule"), op.operands[1].type
    assert isinstance(weights, TensorType), "the op's verifier says so"
    assert isinstance(schedule, ScheduleAttr), "every kernel has one at the end of level 2"
    each = strategy.macs_per_product(contraction, schedule)
    return ContractionReport(op.geometry.macs, byte_count(weights), each)
