// RUN: lowbit-opt %s --split-input-file --parsing-diagnostics --verify-diagnostics | filecheck %s

// CHECK: the packed side needs a #lowbit.packed layout, got tensor<6x10x!lowbit.unipolar<2>>
func.func @f(%x: tensor<6x10x!lowbit.unipolar<2>>) {
  %a = lowbit.bitpack %x : (tensor<6x10x!lowbit.unipolar<2>>) -> tensor<6x10x!lowbit.unipolar<2>>
  func.return
}

// -----

// CHECK: the unpacked side must have no layout
!x = tensor<6x10x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i8, order = [p, 0, 1]>>
!r = tensor<6x10x!lowbit.unipolar<2>, #lowbit.packed<axis = 0, word = i64, order = [0, 1, p]>>
func.func @f(%x: !x) {
  %a = lowbit.bitpack %x : (!x) -> !r
  func.return
}

// -----

// CHECK: packed side must be tensor<6x10x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i8, order = [p, 0, 1]>>, got tensor<10x6x
!r = tensor<10x6x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i8, order = [p, 0, 1]>>
func.func @f(%x: tensor<6x10x!lowbit.unipolar<2>>) {
  %a = lowbit.bitpack %x : (tensor<6x10x!lowbit.unipolar<2>>) -> !r
  func.return
}

// -----

// CHECK: packed side must be tensor<6x10x!lowbit.signed<2>, #lowbit.packed
!x = tensor<6x10x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i8, order = [p, 0, 1]>>
func.func @f(%x: !x) {
  %a = lowbit.unpack %x : (!x) -> tensor<6x10x!lowbit.signed<2>>
  func.return
}

// -----

// CHECK: unpacked side must be a tensor of a value code
!r = tensor<6x10x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i8, order = [p, 0, 1]>>
func.func @f(%x: tensor<6x10xi8>) {
  %a = lowbit.bitpack %x : (tensor<6x10xi8>) -> !r
  func.return
}

// -----

// CHECK: tensor must have known, positive extents, got ?x10
!r = tensor<?x10x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i8, order = [p, 0, 1]>>
func.func @f(%x: tensor<?x10x!lowbit.unipolar<2>>) {
  %a = lowbit.bitpack %x : (tensor<?x10x!lowbit.unipolar<2>>) -> !r
  func.return
}

// -----

// CHECK: #lowbit.packed for 2 dimensions on a tensor of 3
!r = tensor<6x10x3x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i8, order = [p, 0, 1]>>
func.func @f(%x: tensor<6x10x3x!lowbit.unipolar<2>>) {
  %a = lowbit.bitpack %x : (tensor<6x10x3x!lowbit.unipolar<2>>) -> !r
  func.return
}

// -----

// CHECK: #lowbit.packed: extent 5 of dimension 1 cannot be cut into 2 equal groups
!r = tensor<6x5x!lowbit.unipolar<2>, #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 16], groups = 2>>
func.func @f(%x: tensor<6x5x!lowbit.unipolar<2>>) {
  %a = lowbit.bitpack %x : (tensor<6x5x!lowbit.unipolar<2>>) -> !r
  func.return
}

// -----

// CHECK: #lowbit.packed: order must name p and each of the 2 dimensions once
!r = tensor<6x10x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i8, order = [p, 0, 0]>>
func.func @f(%x: tensor<6x10x!lowbit.unipolar<2>>) {
  %a = lowbit.bitpack %x : (tensor<6x10x!lowbit.unipolar<2>>) -> !r
  func.return
}

// -----

// CHECK: #lowbit.packed: order must name p and each of the 1 dimensions once
!r = tensor<6x10x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i8, order = [0, 1]>>
func.func @f(%x: tensor<6x10x!lowbit.unipolar<2>>) {
  %a = lowbit.bitpack %x : (tensor<6x10x!lowbit.unipolar<2>>) -> !r
  func.return
}

// -----

// CHECK: #lowbit.packed: axis 2 is not one of the 2 dimensions
!r = tensor<6x10x!lowbit.unipolar<2>, #lowbit.packed<axis = 2, word = i8, order = [p, 0, 1]>>
func.func @f(%x: tensor<6x10x!lowbit.unipolar<2>>) {
  %a = lowbit.bitpack %x : (tensor<6x10x!lowbit.unipolar<2>>) -> !r
  func.return
}

// -----

// CHECK: #lowbit.packed: word of 7 bits: 8, 16, 32, 64 are allowed
!r = tensor<6x10x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i7, order = [p, 0, 1]>>
func.func @f(%x: tensor<6x10x!lowbit.unipolar<2>>) {
  %a = lowbit.bitpack %x : (tensor<6x10x!lowbit.unipolar<2>>) -> !r
  func.return
}

// -----

// CHECK: word must be i8, i16, i32 or i64, got f32
!r = tensor<6x10x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = f32, order = [p, 0, 1]>>
func.func @f(%x: tensor<6x10x!lowbit.unipolar<2>>) {
  %a = lowbit.bitpack %x : (tensor<6x10x!lowbit.unipolar<2>>) -> !r
  func.return
}

// -----

// CHECK: #lowbit.packed: frame needs 4 numbers >= 0, two a dimension, got [1, 1]
!r = tensor<6x10x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i8, order = [p, 0, 1], frame = [1, 1]>>
func.func @f(%x: tensor<6x10x!lowbit.unipolar<2>>) {
  %a = lowbit.bitpack %x : (tensor<6x10x!lowbit.unipolar<2>>) -> !r
  func.return
}

// -----

// CHECK: #lowbit.packed: dimension 1 is packed or split in lanes, it cannot have a frame
!r = tensor<6x10x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i8, order = [p, 0, 1], frame = [0, 0, 1, 1]>>
func.func @f(%x: tensor<6x10x!lowbit.unipolar<2>>) {
  %a = lowbit.bitpack %x : (tensor<6x10x!lowbit.unipolar<2>>) -> !r
  func.return
}

// -----

// CHECK: #lowbit.packed: lanes = [1, 4] needs a dimension below 2 other than the packed axis 1, and a positive count
!r = tensor<6x10x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i8, order = [p, 0, 1], lanes = [1, 4]>>
func.func @f(%x: tensor<6x10x!lowbit.unipolar<2>>) {
  %a = lowbit.bitpack %x : (tensor<6x10x!lowbit.unipolar<2>>) -> !r
  func.return
}

// -----

// CHECK: #lowbit.packed: lanes is [dimension, count]
!r = tensor<6x10x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i8, order = [p, 0, 1], lanes = [1]>>
func.func @f(%x: tensor<6x10x!lowbit.unipolar<2>>) {
  %a = lowbit.bitpack %x : (tensor<6x10x!lowbit.unipolar<2>>) -> !r
  func.return
}

// -----

// CHECK: #lowbit.packed: groups = 0 is not positive
!r = tensor<6x10x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i8, order = [p, 0, 1], groups = 0>>
func.func @f(%x: tensor<6x10x!lowbit.unipolar<2>>) {
  %a = lowbit.bitpack %x : (tensor<6x10x!lowbit.unipolar<2>>) -> !r
  func.return
}

// -----

// CHECK: #lowbit.packed: field 'block' is unknown; frame, lanes, groups, bytes, bits, shift and index are allowed
!r = tensor<6x10x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i8, order = [p, 0, 1], block = 4>>
func.func @f(%x: tensor<6x10x!lowbit.unipolar<2>>) {
  %a = lowbit.bitpack %x : (tensor<6x10x!lowbit.unipolar<2>>) -> !r
  func.return
}

// -----

// CHECK: #lowbit.packed: field 'frame' is given twice; frame, lanes, groups, bytes, bits, shift and index are allowed
!r = tensor<6x10x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i8, order = [p, 0, 1], frame = [1, 1, 0, 0], frame = [1, 1, 0, 0]>>
func.func @f(%x: tensor<6x10x!lowbit.unipolar<2>>) {
  %a = lowbit.bitpack %x : (tensor<6x10x!lowbit.unipolar<2>>) -> !r
  func.return
}

// -----

// CHECK: packed side has 2^31 elements or more
!r = tensor<6x10x!lowbit.unipolar<2>, #lowbit.packed<axis = 1, word = i8, order = [p, 0, 1], frame = [9999999999, 0, 0, 0]>>
func.func @f(%x: tensor<6x10x!lowbit.unipolar<2>>) {
  %a = lowbit.bitpack %x : (tensor<6x10x!lowbit.unipolar<2>>) -> !r
  func.return
}

// -----

// CHECK: #lowbit.packed: bits = 4 cannot hold the levels of unipolar<8>
!x = tensor<6x10x!lowbit.unipolar<8>>
!r = tensor<6x10x!lowbit.unipolar<8>, #lowbit.packed<axis = 1, word = i32, order = [0, 1], bytes = levels, bits = 4>>
func.func @f(%x: !x) {
  %a = lowbit.bitpack %x : (!x) -> !r
  func.return
}

// -----

// CHECK: #lowbit.packed: bits = 2 cannot hold the levels of signed<3>
!x = tensor<6x10x!lowbit.signed<3>>
!r = tensor<6x10x!lowbit.signed<3>, #lowbit.packed<axis = 1, word = i32, order = [0, 1], bytes = levels, bits = 2>>
func.func @f(%x: !r) {
  %a = lowbit.unpack %x : (!r) -> !x
  func.return
}

// -----

// CHECK: #lowbit.packed: levels of bipolar<4>, shifted by 5, do not fit in bytes
!x = tensor<6x10x!lowbit.bipolar<4>>
!r = tensor<6x10x!lowbit.bipolar<4>, #lowbit.packed<axis = 1, word = i32, order = [0, 1], bytes = levels, shift = 5>>
func.func @f(%x: !x) {
  %a = lowbit.bitpack %x : (!x) -> !r
  func.return
}

// -----

// CHECK: #lowbit.packed: bytes = values: i8 cannot hold those of unipolar<8>
!x = tensor<6x10x!lowbit.unipolar<8>>
!r = tensor<6x10x!lowbit.unipolar<8>, #lowbit.packed<axis = 1, word = i32, order = [0, 1], bytes = values>>
func.func @f(%x: !x) {
  %a = lowbit.bitpack %x : (!x) -> !r
  func.return
}

// -----

// CHECK: #lowbit.packed: shift = 2: levels of 8 bits may be shifted by 1 to 7 bits
func.func private @f(tensor<6x!lowbit.unipolar<2>, #lowbit.packed<axis = 0, word = i32, order = [0], bytes = levels, bits = 4, shift = 2>>)
