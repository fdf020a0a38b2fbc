// RUN: ROUNDTRIP
// RUN: GENERIC_ROUNDTRIP

// Codes and schedules.

// CHECK: func.func private @f0(tensor<4x!lowbit.unipolar<1>>) -> ()
// CHECK: func.func private @f1(tensor<4x!lowbit.unipolar<8>>) -> ()
// CHECK: func.func private @f2(tensor<4x!lowbit.bipolar<3>>) -> ()
// CHECK: func.func private @f3(tensor<4x!lowbit.signed<4>>) -> ()
func.func private @f0(tensor<4x!lowbit.unipolar<1>>)
func.func private @f1(tensor<4x!lowbit.unipolar<8>>)
func.func private @f2(tensor<4x!lowbit.bipolar<3>>)
func.func private @f3(tensor<4x!lowbit.signed<4>>)

// -----

// CHECK: func.func private @f0(tensor<4x!lowbit.codebook<2, [-7, 0, 3, 90]>>) -> ()
func.func private @f0(tensor<4x!lowbit.codebook<2, [-7, 0, 3, 90]>>)

// -----

// CHECK: func.func private @g() -> () attributes {s = #lowbit.schedule<tile = 14x2, unroll = 3, order = channels>}
func.func private @g() attributes {s = #lowbit.schedule<tile = 14x2, unroll = 3, order = channels>}

// CHECK: func.func private @h() -> () attributes {s = #lowbit.schedule<tile = 7x1, unroll = 0, order = rows, skip = rows>}
func.func private @h() attributes {s = #lowbit.schedule<tile = 7x1, unroll = 0, order = rows, skip = rows>}
// CHECK: func.func private @i() -> () attributes {s = #lowbit.schedule<tile = 7x1, unroll = 0, order = rows>}
func.func private @i() attributes {s = #lowbit.schedule<tile = 7x1, unroll = 0, order = rows, skip = none>}
