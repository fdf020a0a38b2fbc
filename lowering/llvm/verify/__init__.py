"""The verifier of modules in LLVM's dialect: LLVM ends the process over what it does not expect.

LLVM checks a part of what it is given, by messages about its own text, and asserts the rest. So a
module is verified before it is handed over: every operation has a rule, which says what is wrong
with it, and whether the lowering makes operations with such types. Those are known to compile for
every target. Others, which only a hand-written module has, are tried in a process of their own.
"""

from lowering.llvm.verify.module import verify_llvm_module

__all__ = ["verify_llvm_module"]
