// RUN: lowbit-opt %s -p lowbit-propagate-layout --split-input-file | filecheck %s

!x = tensor<1x8x8x16x!lowbit.unipolar<2>>
!p = tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2]>>

// CHECK-LABEL: func.func @pack_of_unpack(%p
// CHECK-NEXT:  func.return %p
func.func @pack_of_unpack(%p: !p) -> !p {
  %u = lowbit.unpack %p : (!p) -> !x
  %q = lowbit.bitpack %u : (!x) -> !p
  func.return %q : !p
}

// -----

!x = tensor<1x8x8x16x!lowbit.unipolar<2>>
!p = tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2]>>
!q = tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i64, order = [0, 1, p, 3, 2]>>

// Another word is another layout.
// CHECK-LABEL: func.func @repack(%p
// CHECK-NEXT:  %[[U:.*]] = lowbit.unpack %p
// CHECK-NEXT:  %[[Q:.*]] = lowbit.bitpack %[[U]]
// CHECK-NEXT:  func.return %[[Q]]
func.func @repack(%p: !p) -> !q {
  %u = lowbit.unpack %p : (!p) -> !x
  %q = lowbit.bitpack %u : (!x) -> !q
  func.return %q : !q
}

// -----

!x = tensor<1x8x8x16x!lowbit.unipolar<2>>
!p = tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2]>>

// CHECK-LABEL: func.func @unpack_of_pack(%x
// CHECK-NOT:   lowbit.unpack
// CHECK:       func.return %x
func.func @unpack_of_pack(%x: !x) -> !x {
  %p = lowbit.bitpack %x : (!x) -> !p
  %u = lowbit.unpack %p : (!p) -> !x
  func.return %u : !x
}

// -----

#none = #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2]>
#one = #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>
#high = #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 2, 0, 0, 0, 0, 0]>
#w = #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>
!x = tensor<1x8x8x16x!lowbit.unipolar<2>>
!x0 = tensor<1x8x8x16x!lowbit.unipolar<2>, #none>
!x1 = tensor<1x8x8x16x!lowbit.unipolar<2>, #one>
!x2 = tensor<1x8x8x16x!lowbit.unipolar<2>, #high>
!w1 = tensor<4x1x1x16x!lowbit.signed<1>, #w>
!w3 = tensor<4x3x3x16x!lowbit.signed<1>, #w>
!y = tensor<1x8x8x4xi32>
!z = tensor<1x10x8x4xi32>

// Kernels skip what they do not read, so the widest frame serves them all.
// CHECK-LABEL: func.func @merge_frames(%x
// CHECK-NEXT:  %[[P:.*]] = lowbit.bitpack %x : {{.*}} frame = [0, 0, 2, 1, 1, 1, 0, 0]>>
// CHECK-NEXT:  lowbit.bitserial_conv %[[P]], %w1
// CHECK-NEXT:  lowbit.bitserial_conv %[[P]], %w3
// CHECK-NEXT:  lowbit.bitserial_conv %[[P]], %w1
func.func @merge_frames(%x: !x, %w1: !w1, %w3: !w3) -> (!y, !y, !z) {
  %p = lowbit.bitpack %x : (!x) -> !x0
  %y = lowbit.bitserial_conv %p, %w1 : (!x0, !w1) -> !y
  %q = lowbit.bitpack %x : (!x) -> !x1
  %z = lowbit.bitserial_conv %q, %w3 padding [1, 1, 1, 1] : (!x1, !w3) -> !y
  %r = lowbit.bitpack %x : (!x) -> !x2
  %a = lowbit.bitserial_conv %r, %w1 padding [2, 0, 0, 0] : (!x2, !w1) -> !z
  func.return %y, %z, %a : !y, !y, !z
}

// The type of a result stays as it is.
// CHECK-LABEL: func.func @returned_frame(%x
// CHECK-NEXT:  lowbit.bitpack %x : {{.*}} order = [0, 1, p, 3, 2]>>
// CHECK-NEXT:  lowbit.bitpack %x : {{.*}} frame = [0, 0, 1, 1, 1, 1, 0, 0]>>
func.func @returned_frame(%x: !x, %w3: !w3) -> (!x0, !y) {
  %p = lowbit.bitpack %x : (!x) -> !x0
  %q = lowbit.bitpack %x : (!x) -> !x1
  %y = lowbit.bitserial_conv %q, %w3 padding [1, 1, 1, 1] : (!x1, !w3) -> !y
  func.return %p, %y : !x0, !y
}

// -----

#none = #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2]>
#one = #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>
#columns = #lowbit.packed<axis = 2, word = i32, order = [0, 1, p, 3, 2]>
!x = tensor<1x8x8x16x!lowbit.unipolar<2>>
!m = tensor<1x4x4x16x!lowbit.unipolar<2>>
!p = tensor<1x4x4x16x!lowbit.unipolar<2>, #one>
!c = tensor<1x4x4x16x!lowbit.unipolar<2>, #columns>

// The pool reads planes and writes them into the frame of the next layer.
// CHECK-LABEL: func.func @pack_before_pool(%x
// CHECK-NEXT:  %[[Q:.*]] = lowbit.bitpack %x : {{.*}} -> tensor<1x8x8x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2]>>
// CHECK-NEXT:  %[[P:.*]] = lowbit.max_pool2d %[[Q]] kernel [2, 2] strides [2, 2] : {{.*}} -> tensor<1x4x4x16x!lowbit.unipolar<2>, {{.*}} frame = [0, 0, 1, 1, 1, 1, 0, 0]>>
// CHECK-NEXT:  func.return %[[P]]
func.func @pack_before_pool(%x: !x) -> !p {
  %m = lowbit.max_pool2d %x kernel [2, 2] : (!x) -> !m
  %p = lowbit.bitpack %m : (!m) -> !p
  func.return %p : !p
}

// Here the plain form is wanted too, there the words run along the columns.
// CHECK-LABEL: func.func @pool_first(%x
// CHECK-NEXT:  %[[M:.*]] = lowbit.max_pool2d %x
// CHECK-NEXT:  lowbit.bitpack %[[M]]
// CHECK-NEXT:  %[[N:.*]] = lowbit.max_pool2d %x
// CHECK-NEXT:  lowbit.bitpack %[[N]]
func.func @pool_first(%x: !x) -> (!p, !m, !c) {
  %m = lowbit.max_pool2d %x kernel [2, 2] : (!x) -> !m
  %p = lowbit.bitpack %m : (!m) -> !p
  %n = lowbit.max_pool2d %x kernel [2, 2] : (!x) -> !m
  %c = lowbit.bitpack %n : (!m) -> !c
  func.return %p, %m, %c : !p, !m, !c
}

// Tensors that are joined and packed are packed and joined; frames belong to the result.

// CHECK: func.func @pack_before_concat
// CHECK-DAG: %[[X:.*]] = lowbit.bitpack %{{.*}} : (tensor<1x4x4x16x!lowbit.unipolar<2>>) -> tensor<1x4x4x16x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2]>>
// CHECK-DAG: %[[Y:.*]] = lowbit.bitpack %{{.*}} : (tensor<1x4x4x9x!lowbit.unipolar<2>>)
// CHECK: lowbit.concat %[[X]], %[[Y]] : ({{.*}}) -> tensor<1x4x4x25x!lowbit.unipolar<2>, #lowbit.packed<{{.*}}frame = [0, 0, 1, 1, 1, 1, 0, 0]>>
func.func @pack_before_concat(%x: tensor<1x4x4x16x!lowbit.unipolar<2>>, %y: tensor<1x4x4x9x!lowbit.unipolar<2>>) -> tensor<1x4x4x25x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>> {
  %c = lowbit.concat %x, %y : (tensor<1x4x4x16x!lowbit.unipolar<2>>, tensor<1x4x4x9x!lowbit.unipolar<2>>) -> tensor<1x4x4x25x!lowbit.unipolar<2>>
  %p = lowbit.bitpack %c : (tensor<1x4x4x25x!lowbit.unipolar<2>>) -> tensor<1x4x4x25x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>
  func.return %p : tensor<1x4x4x25x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2], frame = [0, 0, 1, 1, 1, 1, 0, 0]>>
}
