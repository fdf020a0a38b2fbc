// RUN: ROUNDTRIP
// RUN: GENERIC_ROUNDTRIP

// bitpack and unpack change the encoding only: any axis, place of the planes, word, frame, lanes.

// CHECK: lowbit.bitpack %{{.*}} : (tensor<6x10x!lowbit.unipolar<2>>) -> tensor<6x10x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i8, order = [p, 0, 1]>>
// CHECK: lowbit.unpack %{{.*}} : (tensor<6x10x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i8, order = [p, 0, 1]>>) -> tensor<6x10x!lowbit.unipolar<2>>
!r = tensor<6x10x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i8, order = [p, 0, 1]>>
func.func @f(%x: tensor<6x10x!lowbit.unipolar<2>>) {
  %a = lowbit.bitpack %x : (tensor<6x10x!lowbit.unipolar<2>>) -> !r
  func.return
}
!x = tensor<6x10x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i8, order = [p, 0, 1]>>
func.func @g(%x: !x) {
  %a = lowbit.unpack %x : (!x) -> tensor<6x10x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: lowbit.bitpack %{{.*}} : (tensor<6x10x!lowbit.unipolar<2>>) -> tensor<6x10x!lowbit.unipolar<2>, #lowbit.packed<axis = 0, word = i64, order = [0, 1, p]>>
// CHECK: lowbit.unpack %{{.*}} : (tensor<6x10x!lowbit.unipolar<2>, #lowbit.packed<axis = 0, word = i64, order = [0, 1, p]>>) -> tensor<6x10x!lowbit.unipolar<2>>
!r = tensor<6x10x!lowbit.unipolar<2>, #lowbit.packed<axis = 0, word = i64, order = [0, 1, p]>>
func.func @f(%x: tensor<6x10x!lowbit.unipolar<2>>) {
  %a = lowbit.bitpack %x : (tensor<6x10x!lowbit.unipolar<2>>) -> !r
  func.return
}
!x = tensor<6x10x!lowbit.unipolar<2>, #lowbit.packed<axis = 0, word = i64, order = [0, 1, p]>>
func.func @g(%x: !x) {
  %a = lowbit.unpack %x : (!x) -> tensor<6x10x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: lowbit.bitpack %{{.*}} : (tensor<6x10x!lowbit.unipolar<2>>) -> tensor<6x10x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i16, order = [1, p, 0], frame = [1, 2, 0, 0]>>
// CHECK: lowbit.unpack %{{.*}} : (tensor<6x10x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i16, order = [1, p, 0], frame = [1, 2, 0, 0]>>) -> tensor<6x10x!lowbit.unipolar<2>>
!r = tensor<6x10x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i16, order = [1, p, 0], frame = [1, 2, 0, 0]>>
func.func @f(%x: tensor<6x10x!lowbit.unipolar<2>>) {
  %a = lowbit.bitpack %x : (tensor<6x10x!lowbit.unipolar<2>>) -> !r
  func.return
}
!x = tensor<6x10x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i16, order = [1, p, 0], frame = [1, 2, 0, 0]>>
func.func @g(%x: !x) {
  %a = lowbit.unpack %x : (!x) -> tensor<6x10x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: lowbit.bitpack %{{.*}} : (tensor<6x10x!lowbit.unipolar<2>>) -> tensor<6x10x!lowbit.unipolar<2>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 16], groups = 2>>
// CHECK: lowbit.unpack %{{.*}} : (tensor<6x10x!lowbit.unipolar<2>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 16], groups = 2>>) -> tensor<6x10x!lowbit.unipolar<2>>
!r = tensor<6x10x!lowbit.unipolar<2>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 16], groups = 2>>
func.func @f(%x: tensor<6x10x!lowbit.unipolar<2>>) {
  %a = lowbit.bitpack %x : (tensor<6x10x!lowbit.unipolar<2>>) -> !r
  func.return
}
!x = tensor<6x10x!lowbit.unipolar<2>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 16], groups = 2>>
func.func @g(%x: !x) {
  %a = lowbit.unpack %x : (!x) -> tensor<6x10x!lowbit.unipolar<2>>
  func.return
}

// -----

// Empty fields may be written.
// CHECK: lowbit.bitpack %{{.*}} : (tensor<6x10x!lowbit.unipolar<2>>) -> tensor<6x10x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i8, order = [p, 0, 1]>>
!r = tensor<6x10x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i8, order = [p, 0, 1], groups = 1>>
func.func @f(%x: tensor<6x10x!lowbit.unipolar<2>>) {
  %a = lowbit.bitpack %x : (tensor<6x10x!lowbit.unipolar<2>>) -> !r
  func.return
}

// -----

<<<<<<< HEAD
=======
// Levels of fewer bits than a byte.
// CHECK: lowbit.bitpack %{{.*}} : (tensor<6x10x!lowbit.signed<3>>) -> tensor<6x10x!lowbit.signed<3>, #lowbit.packed<axis = 0, word = i32, order = [1, 0], lanes = [1, 16], bytes = levels, bits = 4>>
!r = tensor<6x10x!lowbit.signed<3>, #lowbit.packed<axis = 0, word = i32, order = [1, 0], lanes = [1, 16], bytes = levels, bits = 4>>
func.func @f(%x: tensor<6x10x!lowbit.signed<3>>) {
  %a = lowbit.bitpack %x : (tensor<6x10x!lowbit.signed<3>>) -> !r
  func.return
}

// -----

>>>>>>> h-gemv
// Words cut into indices of tables.
// CHECK: lowbit.bitpack %{{.*}} : (tensor<6x10x!lowbit.unipolar<2>>) -> tensor<6x10x!lowbit.unipolar<2>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 16], index = [4, 8]>>
// CHECK: lowbit.unpack %{{.*}} : (tensor<6x10x!lowbit.unipolar<2>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 16], index = [4, 8]>>) -> tensor<6x10x!lowbit.unipolar<2>>
!r = tensor<6x10x!lowbit.unipolar<2>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 16], index = [4, 8]>>
func.func @f(%x: tensor<6x10x!lowbit.unipolar<2>>) {
  %a = lowbit.bitpack %x : (tensor<6x10x!lowbit.unipolar<2>>) -> !r
  %b = lowbit.unpack %a : (!r) -> tensor<6x10x!lowbit.unipolar<2>>
<<<<<<< HEAD
  func.return
}

// -----

// Levels of fewer bits than a byte.
// CHECK: lowbit.bitpack %{{.*}} : (tensor<6x10x!lowbit.signed<3>>) -> tensor<6x10x!lowbit.signed<3>, #lowbit.packed<axis = 0, word = i32, order = [1, 0], lanes = [1, 16], bytes = levels, bits = 4>>
!r = tensor<6x10x!lowbit.signed<3>, #lowbit.packed<axis = 0, word = i32, order = [1, 0], lanes = [1, 16], bytes = levels, bits = 4>>
func.func @f(%x: tensor<6x10x!lowbit.signed<3>>) {
  %a = lowbit.bitpack %x : (tensor<6x10x!lowbit.signed<3>>) -> !r
=======
>>>>>>> h-gemv
  func.return
}
