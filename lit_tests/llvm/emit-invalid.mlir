// RUN: not lowbit-opt %s -t lowbit-asm 2>&1 | filecheck %s

// LLVM would end the process at some of these names.
// CHECK: error: {{.*}}'llvm.func': expected "no-builtins" in passthrough, got ["probe-stack", "f"]
llvm.func @f() attributes {passthrough = [["probe-stack", "f"]]} {
  llvm.return
}
