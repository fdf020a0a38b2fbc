// RUN: lowbit-opt %s --split-input-file --parsing-diagnostics --verify-diagnostics | filecheck %s

// CHECK: unipolar code of 0 bits: 1 to 8 are allowed
func.func private @f0(tensor<4x!lowbit.unipolar<0>>)

// -----

// CHECK: signed code of 9 bits: 1 to 8 are allowed
func.func private @f0(tensor<4x!lowbit.signed<9>>)

// -----

// CHECK: bipolar code of -1 bits: 1 to 8 are allowed
func.func private @f0(tensor<4x!lowbit.bipolar<-1>>)

// -----

// CHECK: Expected integer literal
func.func private @f0(tensor<4x!lowbit.bipolar<x>>)

// -----

// CHECK: codebook of 2 bits lists 2 values, 4 are needed
func.func private @f0(tensor<4x!lowbit.codebook<2, [1, 2]>>)

// -----

// CHECK: codebook lists a value twice: [1, 1]
func.func private @f0(tensor<4x!lowbit.codebook<1, [1, 1]>>)

// -----

// CHECK: codebook values must lie in +-32768, got [1, 32769]
func.func private @f0(tensor<4x!lowbit.codebook<1, [1, 32769]>>)

// -----

// CHECK: codebook code of 99 bits: 1 to 8 are allowed
func.func private @f0(tensor<4x!lowbit.codebook<99, [1, 2]>>)

// -----

// CHECK: 'lowbit.ternary' is not registered
func.func private @f0(tensor<4x!lowbit.ternary>)

// -----

// CHECK: #lowbit.schedule: tile 0x2 is empty
func.func private @g() attributes {s = #lowbit.schedule<tile = 0x2, unroll = 1, order = rows>}

// -----

// CHECK: #lowbit.schedule: tile 99x99 holds more than 256 vectors
func.func private @g() attributes {s = #lowbit.schedule<tile = 99x99, unroll = 1, order = rows>}

// -----

// CHECK: #lowbit.schedule: unroll = 4: 0 to 3 reduction loops (channel words, kw, kh) can be unrolled
func.func private @g() attributes {s = #lowbit.schedule<tile = 4x2, unroll = 4, order = rows>}

// -----

// CHECK: #lowbit.schedule: order = columns: rows and channels are allowed
func.func private @g() attributes {s = #lowbit.schedule<tile = 4x2, unroll = 1, order = columns>}

// -----

// CHECK: #lowbit.schedule: skip = columns: none, rows and all are allowed
func.func private @g() attributes {s = #lowbit.schedule<tile = 4x2, unroll = 1, order = rows, skip = columns>}

// -----

// CHECK: Expected 'tile'
func.func private @g() attributes {s = #lowbit.schedule<unroll = 1>}
