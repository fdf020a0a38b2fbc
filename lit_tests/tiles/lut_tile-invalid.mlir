// RUN: lowbit-opt %s --split-input-file --parsing-diagnostics --verify-diagnostics | filecheck %s

// CHECK: tables are a memref of 4 dimensions, the last one 16 or 64 bytes, got memref<3x7x22x32xi8>
!t = memref<3x7x22x32xi8>
!w = memref<1x1x3x3x22x64xi8>
!p = vector<32xi16>
func.func @f(%t: !t, %w: !w, %i: index) {
  %0, %1 = lowbit.lut_tile %t, %w, %i, %i, %i, %i, %i pixels 1 registers 1 count 12 x_code !lowbit.unipolar<2> w_code !lowbit.bipolar<1> : (!t, !w, index, index, index, index, index) -> (!p, !p)
  func.return
}

// -----

// CHECK: tables are a memref of 4 dimensions, the last one 16 or 64 bytes, got memref<3x7x22x64xi16>
!t = memref<3x7x22x64xi16>
!w = memref<1x1x3x3x22x64xi8>
!p = vector<32xi16>
func.func @f(%t: !t, %w: !w, %i: index) {
  %0, %1 = lowbit.lut_tile %t, %w, %i, %i, %i, %i, %i pixels 1 registers 1 count 12 x_code !lowbit.unipolar<2> w_code !lowbit.bipolar<1> : (!t, !w, index, index, index, index, index) -> (!p, !p)
  func.return
}

// -----

// CHECK: w must be indices, i8 in 6 dimensions, got memref<1x1x3x3x22x64xi16>
!t = memref<3x7x22x64xi8>
!w = memref<1x1x3x3x22x64xi16>
!p = vector<32xi16>
func.func @f(%t: !t, %w: !w, %i: index) {
  %0, %1 = lowbit.lut_tile %t, %w, %i, %i, %i, %i, %i pixels 1 registers 1 count 12 x_code !lowbit.unipolar<2> w_code !lowbit.bipolar<1> : (!t, !w, index, index, index, index, index) -> (!p, !p)
  func.return
}

// -----

// CHECK: w holds 1 planes, signed<2> has 2
!t = memref<3x7x22x64xi8>
!w = memref<1x1x3x3x22x64xi8>
!p = vector<32xi16>
func.func @f(%t: !t, %w: !w, %i: index) {
  %0, %1 = lowbit.lut_tile %t, %w, %i, %i, %i, %i, %i pixels 1 registers 1 count 12 x_code !lowbit.unipolar<2> w_code !lowbit.signed<2> : (!t, !w, index, index, index, index, index) -> (!p, !p)
  func.return
}

// -----

// CHECK: count 23: w has 22 indices a tap
!t = memref<3x7x22x64xi8>
!w = memref<1x1x3x3x22x64xi8>
!p = vector<32xi16>
func.func @f(%t: !t, %w: !w, %i: index) {
  %0, %1 = lowbit.lut_tile %t, %w, %i, %i, %i, %i, %i pixels 1 registers 1 count 23 x_code !lowbit.unipolar<2> w_code !lowbit.bipolar<1> : (!t, !w, index, index, index, index, index) -> (!p, !p)
  func.return
}

// -----

// CHECK: 1 pixels and 3 registers of 64 lanes make no tile
!t = memref<3x7x22x64xi8>
!w = memref<1x1x3x3x22x64xi8>
!p = vector<32xi16>
func.func @f(%t: !t, %w: !w, %i: index) {
  %0, %1 = lowbit.lut_tile %t, %w, %i, %i, %i, %i, %i pixels 1 registers 3 count 12 x_code !lowbit.unipolar<2> w_code !lowbit.bipolar<1> : (!t, !w, index, index, index, index, index) -> (!p, !p)
  func.return
}

// -----

// CHECK: sums of 2970 elements of unipolar<5> and bipolar<1> can leave 16 bits
!t = memref<3x7x55x64xi8>
!w = memref<1x1x3x3x55x64xi8>
!p = vector<32xi16>
func.func @f(%t: !t, %w: !w, %i: index) {
  %0, %1 = lowbit.lut_tile %t, %w, %i, %i, %i, %i, %i pixels 1 registers 1 count 55 x_code !lowbit.unipolar<5> w_code !lowbit.bipolar<1> : (!t, !w, index, index, index, index, index) -> (!p, !p)
  func.return
}

// -----

// CHECK: tables of partial sums take unipolar and bipolar activations
!t = memref<3x7x22x64xi8>
!w = memref<1x1x3x3x22x64xi8>
!p = vector<32xi16>
func.func @f(%t: !t, %w: !w, %i: index) {
  %0, %1 = lowbit.lut_tile %t, %w, %i, %i, %i, %i, %i pixels 1 registers 1 count 12 x_code !lowbit.signed<2> w_code !lowbit.bipolar<1> : (!t, !w, index, index, index, index, index) -> (!p, !p)
  func.return
}

// -----

// CHECK: needs 2 results of vector<32xi16>
!t = memref<3x7x22x64xi8>
!w = memref<1x1x3x3x22x64xi8>
!p = vector<16xi16>
func.func @f(%t: !t, %w: !w, %i: index) {
  %0, %1 = lowbit.lut_tile %t, %w, %i, %i, %i, %i, %i pixels 1 registers 1 count 12 x_code !lowbit.unipolar<2> w_code !lowbit.bipolar<1> : (!t, !w, index, index, index, index, index) -> (!p, !p)
  func.return
}

// -----

// CHECK: columns 8: 1 to 7 are there
!x = memref<1x5x2x2x9xi64>
!t = memref<3x7x22x64xi8>
func.func @f(%x: !x, %t: !t, %i: index) {
  lowbit.build_tables %x, %t, %i, %i, %i, %i, %i, %i columns 8 channels 70 x_code !lowbit.unipolar<2> w_code !lowbit.signed<2> : (!x, !t, index, index, index, index, index, index) -> ()
  func.return
}

// -----

// CHECK: channels 129: 1 to 128 are there
!x = memref<1x5x2x2x9xi64>
!t = memref<3x7x22x64xi8>
func.func @f(%x: !x, %t: !t, %i: index) {
  lowbit.build_tables %x, %t, %i, %i, %i, %i, %i, %i columns 7 channels 129 x_code !lowbit.unipolar<2> w_code !lowbit.signed<2> : (!x, !t, index, index, index, index, index, index) -> ()
  func.return
}

// -----

// CHECK: x must be words of i64 in 5 dimensions, got memref<1x5x2x2x9xi32>
!x = memref<1x5x2x2x9xi32>
!t = memref<3x7x22x64xi8>
func.func @f(%x: !x, %t: !t, %i: index) {
  lowbit.build_tables %x, %t, %i, %i, %i, %i, %i, %i columns 7 channels 70 x_code !lowbit.unipolar<2> w_code !lowbit.signed<2> : (!x, !t, index, index, index, index, index, index) -> ()
  func.return
}

// -----

// CHECK: x holds 2 planes, unipolar<1> has 1
!x = memref<1x5x2x2x9xi64>
!t = memref<3x7x22x64xi8>
func.func @f(%x: !x, %t: !t, %i: index) {
  lowbit.build_tables %x, %t, %i, %i, %i, %i, %i, %i columns 7 channels 70 x_code !lowbit.unipolar<1> w_code !lowbit.signed<2> : (!x, !t, index, index, index, index, index, index) -> ()
  func.return
}

// -----

// CHECK: sums of 21846 elements of unipolar<2> and bipolar<1> can leave 16 bits
!p = vector<32xi16>
!v = vector<16xi32>
func.func @f(%p: !p) {
  %0, %1, %2, %3 = lowbit.lut_sums %p, %p elements 21846 x_code !lowbit.unipolar<2> w_code !lowbit.bipolar<1> : (!p, !p) -> (!v, !v, !v, !v)
  func.return
}

// -----

// CHECK: gives four vectors of i32, of half as many lanes
!p = vector<32xi16>
!v = vector<32xi32>
func.func @f(%p: !p) {
  %0, %1, %2, %3 = lowbit.lut_sums %p, %p elements 9 x_code !lowbit.unipolar<2> w_code !lowbit.bipolar<1> : (!p, !p) -> (!v, !v, !v, !v)
  func.return
}

// -----

// CHECK: shared 2: a byte holds one entry, or two of at most 15; these go up to 18
!x = memref<1x5x2x2x9xi64>
!t = memref<3x7x22x64xi8>
func.func @f(%x: !x, %t: !t, %i: index) {
  lowbit.build_tables %x, %t, %i, %i, %i, %i, %i, %i columns 7 channels 70 shared 2 apart 3 x_code !lowbit.unipolar<2> w_code !lowbit.signed<2> : (!x, !t, index, index, index, index, index, index) -> ()
  func.return
}

// -----

// CHECK: shared 3: a byte holds one entry, or two of at most 15; these go up to 6
!t = memref<3x7x22x64xi8>
!w = memref<1x1x3x3x22x64xi8>
!p = vector<32xi16>
func.func @f(%t: !t, %w: !w, %i: index) {
  %0, %1 = lowbit.lut_tile %t, %w, %i, %i, %i, %i, %i pixels 1 registers 1 count 12 shared 3 x_code !lowbit.unipolar<1> w_code !lowbit.bipolar<1> : (!t, !w, index, index, index, index, index) -> (!p, !p)
  func.return
}

// -----

// CHECK: apart -1: columns share a byte with later ones
!x = memref<1x5x1x2x9xi64>
!t = memref<3x7x22x64xi8>
func.func @f(%x: !x, %t: !t, %i: index) {
  lowbit.build_tables %x, %t, %i, %i, %i, %i, %i, %i columns 7 channels 70 shared 2 apart -1 x_code !lowbit.unipolar<1> w_code !lowbit.signed<2> : (!x, !t, index, index, index, index, index, index) -> ()
  func.return
}
