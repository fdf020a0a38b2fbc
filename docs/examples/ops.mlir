// An example of every operation; the reference (docs/ops.md) takes them from here.

#framed = #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2],
                         frame = [0, 0, 1, 1, 1, 1, 0, 0]>
#rows = #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2]>
#blocks = #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>
#lhs = #lowbit.packed<axis = 1, word = i32, order = [p, 0, 1]>
#rhs = #lowbit.packed<axis = 0, word = i32, order = [1, p, 0], lanes = [1, 16]>
!image = tensor<1x8x8x32x!lowbit.unipolar<2>>
!weights = tensor<16x3x3x32x!lowbit.bipolar<1>>

func.func @tensors(%image: tensor<1x8x8x32xf32>, %w: !weights, %t: tensor<16x3xi32>,
                   %flip: tensor<16xi1>, %offset: tensor<16xi32>, %shift: tensor<16xi32>,
                   %multiplier: tensor<16xi32>, %bytes: tensor<5x300xi8>,
                   %other: tensor<1x8x8x16xi32>, %a: tensor<5x300x!lowbit.signed<4>>,
                   %b: tensor<300x10x!lowbit.codebook<2, [-7, -1, 2, 9]>>) {
  %c = lowbit.constant [1, -1, 1, 1] : tensor<2x2x!lowbit.bipolar<1>>
  %x = lowbit.quantize %image scale [0.25] round half_up : (tensor<1x8x8x32xf32>) -> !image
  %y = lowbit.conv2d %x, %w padding [1, 1, 1, 1] : (!image, !weights) -> tensor<1x8x8x16xi32>
  %m = lowbit.matmul %a, %b
    : (tensor<5x300x!lowbit.signed<4>>, tensor<300x10x!lowbit.codebook<2, [-7, -1, 2, 9]>>)
    -> tensor<5x10xi32>
  %sum = lowbit.add %y, %other
    : (tensor<1x8x8x16xi32>, tensor<1x8x8x16xi32>) -> tensor<1x8x8x16xi32>
  %q = lowbit.fused_glue %sum, %t, %flip form threshold
    : (tensor<1x8x8x16xi32>, tensor<16x3xi32>, tensor<16xi1>)
    -> tensor<1x8x8x16x!lowbit.unipolar<2>>
  %s = lowbit.fused_glue %sum, %offset, %shift form shift hi 2
    : (tensor<1x8x8x16xi32>, tensor<16xi32>, tensor<16xi32>)
    -> tensor<1x8x8x16x!lowbit.unipolar<2>>
  %scaled = lowbit.fused_glue %sum, %offset, %multiplier, %shift form scale zero 128
    : (tensor<1x8x8x16xi32>, tensor<16xi32>, tensor<16xi32>, tensor<16xi32>)
    -> tensor<1x8x8x16x!lowbit.signed<8>>
  %pooled = lowbit.max_pool2d %q kernel [3, 3] strides [2, 2] padding [1, 0, 1, 0]
    : (tensor<1x8x8x16x!lowbit.unipolar<2>>) -> tensor<1x4x4x16x!lowbit.unipolar<2>>
  %average = lowbit.avg_pool2d %q round half_up
    : (tensor<1x8x8x16x!lowbit.unipolar<2>>) -> tensor<1x1x1x16x!lowbit.unipolar<2>>
  %flat = lowbit.reshape %average
    : (tensor<1x1x1x16x!lowbit.unipolar<2>>) -> tensor<1x16x!lowbit.unipolar<2>>
  %joined = lowbit.concat %q, %s
    : (tensor<1x8x8x16x!lowbit.unipolar<2>>, tensor<1x8x8x16x!lowbit.unipolar<2>>)
    -> tensor<1x8x8x32x!lowbit.unipolar<2>>
  %coded = lowbit.cast %bytes overflow saturate
    : (tensor<5x300xi8>) -> tensor<5x300x!lowbit.signed<4>>
  %f = lowbit.dequantize %sum scale [0.125] : (tensor<1x8x8x16xi32>) -> tensor<1x8x8x16xf32>
  %keys = lowbit.sort_key %f : (tensor<1x8x8x16xf32>) -> tensor<1x8x8x16xi32>
  %moved = lowbit.affine %f scale [-0.5] offset [3.0]
    : (tensor<1x8x8x16xf32>) -> tensor<1x8x8x16xf32>
  %normal = lowbit.batch_norm %moved mean [0.5] variance [4.0] gamma [-1.0] beta [0.25]
    : (tensor<1x8x8x16xf32>) -> tensor<1x8x8x16xf32>
  %relu = lowbit.clip %normal low [0.0] : (tensor<1x8x8x16xf32>) -> tensor<1x8x8x16xf32>
  %rounded = lowbit.round %relu to half_away : (tensor<1x8x8x16xf32>) -> tensor<1x8x8x16xf32>
  %leaky = lowbit.prelu %moved slope [0.1] : (tensor<1x8x8x16xf32>) -> tensor<1x8x8x16xf32>
  %gate = lowbit.unary %leaky function sigmoid : (tensor<1x8x8x16xf32>) -> tensor<1x8x8x16xf32>
  %gated = lowbit.binary %leaky, %gate function mul
    : (tensor<1x8x8x16xf32>, tensor<1x8x8x16xf32>) -> tensor<1x8x8x16xf32>
  %filters = arith.constant dense<0.5> : tensor<3x3x16x8xf32>
  %head = lowbit.float_conv2d %gated, %filters padding [1, 1, 1, 1]
    : (tensor<1x8x8x16xf32>, tensor<3x3x16x8xf32>) -> tensor<1x8x8x8xf32>
  %mean = lowbit.reduce %head function mean axes [1, 2]
    : (tensor<1x8x8x8xf32>) -> tensor<1x1x1x8xf32>
  %features = lowbit.reshape %mean : (tensor<1x1x1x8xf32>) -> tensor<1x8xf32>
  %classifier = arith.constant dense<0.5> : tensor<8x10xf32>
  %scores = lowbit.float_matmul %features, %classifier
    : (tensor<1x8xf32>, tensor<8x10xf32>) -> tensor<1x10xf32>
  %class = lowbit.reduce %scores function argmax : (tensor<1x10xf32>) -> tensor<1x1xi32>
  %nchw = lowbit.transpose %head permutation [0, 3, 1, 2]
    : (tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32>
  %large = lowbit.resize %head axis 1 coordinates align_corners
    : (tensor<1x8x8x8xf32>) -> tensor<1x16x8x8xf32>
  %half = lowbit.slice %head offsets [0, 0, 0, 0] sizes [1, 4, 4, 8] strides [1, 2, 2, 1]
    : (tensor<1x8x8x8xf32>) -> tensor<1x4x4x8xf32>
  %framed = lowbit.pad %half low [0, 1, 1, 0] high [0, 1, 1, 0]
    : (tensor<1x4x4x8xf32>) -> tensor<1x6x6x8xf32>
  func.return
}

func.func @kernels(%x: !image, %w: !weights, %t: tensor<16x3xi32>,
                   %a: tensor<5x300x!lowbit.unipolar<2>, #lhs>,
                   %b: tensor<300x10x!lowbit.bipolar<1>, #rhs>,
                   %bc: tensor<1x1x10xi32>) {
  %xp = lowbit.bitpack %x : (!image) -> tensor<1x8x8x32x!lowbit.unipolar<2>, #framed>
  %wp = lowbit.bitpack %w : (!weights) -> tensor<16x3x3x32x!lowbit.bipolar<1>, #blocks>
  %c = lowbit.correction %w x_code !lowbit.unipolar<2> image [8, 8] padding [1, 1, 1, 1]
    : (!weights) -> tensor<1x1x16xi32>
  %y = lowbit.bitserial_conv %xp, %wp, %c padding [1, 1, 1, 1]
      schedule #lowbit.schedule<tile = 4x1, unroll = 1, order = rows, skip = rows>
      epilogue_schedule #lowbit.epilogue_schedule<sum_bits = 16>
    : (tensor<1x8x8x32x!lowbit.unipolar<2>, #framed>,
       tensor<16x3x3x32x!lowbit.bipolar<1>, #blocks>, tensor<1x1x16xi32>)
    -> tensor<1x8x8x16x!lowbit.unipolar<2>, #rows> epilogue {
  ^bb0(%acc: tensor<1x8x8x16xi32>):
    %level = lowbit.fused_glue %acc, %t form threshold
      : (tensor<1x8x8x16xi32>, tensor<16x3xi32>) -> tensor<1x8x8x16x!lowbit.unipolar<2>>
    %packed = lowbit.bitpack %level
      : (tensor<1x8x8x16x!lowbit.unipolar<2>>) -> tensor<1x8x8x16x!lowbit.unipolar<2>, #rows>
    lowbit.yield %packed : (tensor<1x8x8x16x!lowbit.unipolar<2>, #rows>) -> ()
  }
  %u = lowbit.unpack %y
    : (tensor<1x8x8x16x!lowbit.unipolar<2>, #rows>) -> tensor<1x8x8x16x!lowbit.unipolar<2>>
  %m = lowbit.bitserial_gemm %a, %b, %bc
      schedule #lowbit.schedule<tile = 4x1, unroll = 1, order = rows>
    : (tensor<5x300x!lowbit.unipolar<2>, #lhs>, tensor<300x10x!lowbit.bipolar<1>, #rhs>,
       tensor<1x1x10xi32>) -> tensor<5x10xi32>
  func.return
}

#framed_bytes = #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3],
                               frame = [0, 0, 1, 1, 1, 1, 0, 0], bytes = levels>
#byte_blocks = #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3], lanes = [0, 16],
                              bytes = values>
#byte_lhs = #lowbit.packed<axis = 1, word = i32, order = [0, 1], bytes = levels>
#byte_rhs = #lowbit.packed<axis = 0, word = i32, order = [1, 0], lanes = [1, 16], bytes = values>

func.func @dots(%x: tensor<1x8x8x30x!lowbit.signed<4>, #framed_bytes>,
                %w: tensor<16x3x3x30x!lowbit.signed<4>, #byte_blocks>, %c: tensor<3x3x16xi32>,
                %a: tensor<5x300x!lowbit.bipolar<4>, #byte_lhs>,
                %b: tensor<300x10x!lowbit.signed<8>, #byte_rhs>, %bc: tensor<1x1x10xi32>) {
  %y = lowbit.dot_conv %x, %w, %c padding [1, 1, 1, 1]
      schedule #lowbit.schedule<tile = 7x1, unroll = 0, order = rows>
    : (tensor<1x8x8x30x!lowbit.signed<4>, #framed_bytes>,
       tensor<16x3x3x30x!lowbit.signed<4>, #byte_blocks>, tensor<3x3x16xi32>)
    -> tensor<1x8x8x16xi32>
  %m = lowbit.dot_gemm %a, %b, %bc
      schedule #lowbit.schedule<tile = 4x1, unroll = 0, order = rows>
    : (tensor<5x300x!lowbit.bipolar<4>, #byte_lhs>, tensor<300x10x!lowbit.signed<8>, #byte_rhs>,
       tensor<1x1x10xi32>) -> tensor<5x10xi32>
  func.return
}

#words = #lowbit.packed<axis = 3, word = i64, order = [0, 1, p, 3, 2],
                        frame = [0, 0, 1, 1, 1, 1, 0, 0]>
#indices = #lowbit.packed<axis = 3, word = i64, order = [0, p, 1, 2, 3], lanes = [0, 64],
                          index = [6, 64]>
#word_lhs = #lowbit.packed<axis = 1, word = i64, order = [p, 1, 0]>
#index_rhs = #lowbit.packed<axis = 0, word = i64, order = [1, p, 0], lanes = [1, 64],
                            index = [6, 64]>

func.func @tables(%x: tensor<1x8x8x70x!lowbit.unipolar<2>, #words>,
                  %w: tensor<64x3x3x70x!lowbit.bipolar<1>, #indices>, %c: tensor<1x1x64xi32>,
                  %a: tensor<5x300x!lowbit.bipolar<2>, #word_lhs>,
                  %b: tensor<300x10x!lowbit.signed<2>, #index_rhs>, %bc: tensor<1x1x10xi32>) {
  %y = lowbit.lut_conv %x, %w, %c padding [1, 1, 1, 1]
      schedule #lowbit.schedule<tile = 4x4, unroll = 1, order = rows>
    : (tensor<1x8x8x70x!lowbit.unipolar<2>, #words>,
       tensor<64x3x3x70x!lowbit.bipolar<1>, #indices>, tensor<1x1x64xi32>)
    -> tensor<1x8x8x64xi32>
  %m = lowbit.lut_gemm %a, %b, %bc
      schedule #lowbit.schedule<tile = 4x4, unroll = 1, order = rows>
    : (tensor<5x300x!lowbit.bipolar<2>, #word_lhs>, tensor<300x10x!lowbit.signed<2>, #index_rhs>,
       tensor<1x1x10xi32>) -> tensor<5x10xi32>
  func.return
}

func.func @lut_tile(%x: memref<1x10x2x2x10xi64>, %w: memref<1x1x3x3x12x64xi8>,
                    %tables: memref<3x10x12x64xi8>, %n: index, %row: index, %col: index,
                    %word: index, %slot: index, %first: index, %block: index) {
  lowbit.build_tables %x, %tables, %n, %row, %col, %word, %slot, %first columns 4 channels 70
      x_code !lowbit.unipolar<2> w_code !lowbit.bipolar<1>
    : (memref<1x10x2x2x10xi64>, memref<3x10x12x64xi8>, index, index, index, index, index, index)
    -> ()
  %both0, %upper0, %both1, %upper1 = lowbit.lut_tile
      %tables, %w, %slot, %col, %first, %first, %block
      pixels 2 registers 1 count 12 x_code !lowbit.unipolar<2> w_code !lowbit.bipolar<1>
    : (memref<3x10x12x64xi8>, memref<1x1x3x3x12x64xi8>, index, index, index, index, index)
    -> (vector<32xi16>, vector<32xi16>, vector<32xi16>, vector<32xi16>)
  %sum0, %sum1, %sum2, %sum3 = lowbit.lut_sums %both0, %upper0 elements 648
      x_code !lowbit.unipolar<2> w_code !lowbit.bipolar<1>
    : (vector<32xi16>, vector<32xi16>)
    -> (vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>)
  %more0, %more1 = lowbit.lut_tile
      %tables, %w, %slot, %col, %first, %first, %block, %both0, %upper0
      pixels 1 registers 1 count 12 x_code !lowbit.unipolar<2> w_code !lowbit.bipolar<1>
    : (memref<3x10x12x64xi8>, memref<1x1x3x3x12x64xi8>, index, index, index, index, index,
       vector<32xi16>, vector<32xi16>) -> (vector<32xi16>, vector<32xi16>)
  func.return
}

func.func @dot_tile(%x: memref<1x10x10x8xi32>, %w: memref<1x3x3x8x16xi32>, %n: index,
                    %row: index, %col: index, %word: index, %block: index) {
  %sum0, %sum1 = lowbit.dot_tile %x, %w, %n, %row, %col, %word, %block
      pixels 2 vectors 1 x_code !lowbit.unipolar<4> w_code !lowbit.signed<4>
    : (memref<1x10x10x8xi32>, memref<1x3x3x8x16xi32>, index, index, index, index, index)
    -> (vector<16xi32>, vector<16xi32>)
  func.return
}

#level_rhs = #lowbit.packed<axis = 0, word = i32, order = [1, 0], lanes = [1, 64], bytes = levels,
                            bits = 2>

func.func @levels(%x: tensor<1x300x!lowbit.unipolar<8>, #byte_lhs>,
                  %w: tensor<300x128x!lowbit.signed<2>, #level_rhs>) {
  %y = lowbit.dot_gemm %x, %w schedule #lowbit.schedule<tile = 1x4, unroll = 0, order = rows>
    : (tensor<1x300x!lowbit.unipolar<8>, #byte_lhs>, tensor<300x128x!lowbit.signed<2>, #level_rhs>)
    -> tensor<1x128xi32>
  func.return
}

#shifted_blocks = #lowbit.packed<axis = 3, word = i32, order = [0, 1, 2, 3], lanes = [0, 16],
                               bytes = levels, shift = 2>
#shifted_rhs = #lowbit.packed<axis = 0, word = i32, order = [1, 0], lanes = [1, 16],
                            bytes = levels, shift = 2>
!book = !lowbit.codebook<2, [-7, -1, 2, 9]>

func.func @products(%x: tensor<1x8x8x30x!book, #framed_bytes>,
                    %w: tensor<16x3x3x30x!book, #shifted_blocks>, %c: tensor<3x3x16xi32>,
                    %a: tensor<5x300x!lowbit.unipolar<2>, #byte_lhs>,
                    %b: tensor<300x10x!lowbit.signed<2>, #shifted_rhs>,
                    %bc: tensor<1x1x10xi32>) {
  %y = lowbit.product_lut_conv %x, %w, %c padding [1, 1, 1, 1]
      schedule #lowbit.schedule<tile = 7x1, unroll = 0, order = rows>
    : (tensor<1x8x8x30x!book, #framed_bytes>, tensor<16x3x3x30x!book, #shifted_blocks>,
       tensor<3x3x16xi32>) -> tensor<1x8x8x16xi32>
  %m = lowbit.product_lut_gemm %a, %b, %bc
      schedule #lowbit.schedule<tile = 4x1, unroll = 0, order = rows>
    : (tensor<5x300x!lowbit.unipolar<2>, #byte_lhs>,
       tensor<300x10x!lowbit.signed<2>, #shifted_rhs>, tensor<1x1x10xi32>) -> tensor<5x10xi32>
  func.return
}

func.func @product_lut_tile(%table: memref<1x16xi8>, %x: memref<1x10x10x8xi32>,
                            %w: memref<1x3x3x8x16xi32>, %n: index, %row: index, %col: index,
                            %word: index, %block: index) {
  %sum0, %sum1 = lowbit.product_lut_tile %table, %x, %w, %n, %row, %col, %word, %block
      pixels 2 vectors 1 x_code !lowbit.unipolar<2> w_code !lowbit.signed<2>
    : (memref<1x16xi8>, memref<1x10x10x8xi32>, memref<1x3x3x8x16xi32>, index, index, index, index,
       index) -> (vector<16xi32>, vector<16xi32>)
  func.return
}

func.func @tile(%x: memref<1x10x2x1x10xi32>, %w: memref<1x1x3x3x1x16xi32>, %n: index,
                %row: index, %col: index, %word: index, %block: index) {
  %sum0, %sum1 = lowbit.bitserial_tile %x, %w, %n, %row, %col, %word, %block
      pixels 2 vectors 1 x_code !lowbit.unipolar<2> w_code !lowbit.bipolar<1>
    : (memref<1x10x2x1x10xi32>, memref<1x1x3x3x1x16xi32>, index, index, index, index, index)
    -> (vector<16xi32>, vector<16xi32>)
  func.return
}

func.func @vectors(%x: memref<4x8xi32>, %i: index, %acc: vector<16xi32>, %w: vector<16xi32>,
                   %bytes: vector<16xi8>, %f: vector<16xf32>, %table: vector<64xi8>) {
  %word = simd.broadcast_load %x[%i, %i] : memref<4x8xi32> to vector<16xi32>
  %sums = simd.popcount_acc and %acc, %word, %w : vector<16xi32>
  %dots = simd.dot_acc %acc, %word, %w : vector<16xi32>
  %wide_zero = arith.constant dense<0> : vector<16xi16>
  %wide = simd.mul_acc signed %wide_zero, %bytes, %bytes : vector<16xi8> to vector<16xi16>
  %digit = simd.round_shift_acc %wide_zero, %wide by 8 : vector<16xi16>
  %products = simd.lookup in_range %table, %bytes : vector<64xi8>, vector<16xi8>
  %mask = simd.cmpi sge, %sums, %w : vector<16xi32> to vector<16xi1>
  %is_less = simd.cmpf olt, %f, %f : vector<16xf32> to vector<16xi1>
  %bits = simd.pack_bits %mask : vector<16xi1> to i16
  %words = simd.pack_masks %mask, %mask, %mask, %mask : vector<16xi1> to vector<4xi16>
  %again = simd.unpack_bits %bits : i16 to vector<16xi1>
  %picked = simd.select %mask, %sums, %w : vector<16xi1>, vector<16xi32>
  %total = simd.reduce_add %picked : vector<16xi32> to i32
  %zero_extended = simd.extui %bytes : vector<16xi8> to vector<16xi32>
  %sign_extended = simd.extsi %bytes : vector<16xi8> to vector<16xi32>
  %narrow = simd.trunci %sums : vector<16xi32> to vector<16xi8>
  %clipped = simd.narrow %sums, %w : vector<16xi32> to vector<32xi16>
  %floats = simd.sitofp %sums : vector<16xi32> to vector<16xf32>
  %integers = simd.fptosi %f : vector<16xf32> to vector<16xi32>
  %floor = simd.fptosi floor %f : vector<16xf32> to vector<16xi32>
  %most = simd.add_sat %acc, %w : vector<16xi32>
  func.return
}

func.func @instructions(%p: !llvm.ptr, %lane: i64, %v: vector<16xi32>, %f: vector<16xf32>,
                        %mask: vector<16xi1>) {
  %less = llvm.fcmp "olt" %f, %f : vector<16xf32>
  %integers = llvm.fptosi %f : vector<16xf32> to vector<16xi32>
  %naturals = llvm.fptoui %f : vector<16xf32> to vector<16xi32>
  %floats = llvm.uitofp %naturals : vector<16xi32> to vector<16xf32>
  %bytes = llvm.trunc %naturals overflow<nuw> : vector<16xi32> to vector<16xi8>
  %one = llvm.extractelement %v[%lane : i64] : vector<16xi32>
  %picked = llvm.select %mask, %v, %integers : vector<16xi1>, vector<16xi32>
  %loaded = llvm.intr.masked.load %p, %mask, %v {alignment = 4 : i32} : (!llvm.ptr, vector<16xi1>, vector<16xi32>) -> vector<16xi32>
  llvm.intr.masked.store %loaded, %p, %mask {alignment = 4 : i32} : vector<16xi32>, vector<16xi1> into !llvm.ptr
  func.return
}

func.func private @stage(%x: memref<8x3xi32>, %y: memref<3x16xi32>, %low: index, %high: index) {
  lowbit.compute ins(%x : memref<8x3xi32>) outs(%y : memref<3x16xi32>) from %low to %high {
  ^bb0(%a: tensor<8x3xi32>):
    %table = lowbit.copy %a : (tensor<8x3xi32>) -> tensor<8x3xi32, #lowbit.channels<axis = 0, lanes = 16>>
    lowbit.yield %table : (tensor<8x3xi32, #lowbit.channels<axis = 0, lanes = 16>>) -> ()
  }
  func.return
}

func.func @launches(%x: memref<8x3xi32>, %y: memref<3x16xi32>) {
  %gaps = lowbit.zero_gaps : () -> tensor<1x8x8x20x!lowbit.unipolar<2>, #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2]>>
  lowbit.launch @stage(%x, %y : memref<8x3xi32>, memref<3x16xi32>) extent 3
  %bytes = lowbit.view_as %y : (memref<3x16xi32>) -> memref<192xi8>
  func.return
}

func.func @model(%x: tensor<1x3x8x8xf32>) -> tensor<1x8x8x8xf32> {
  %w = qonnx.constant dense<1.0> : tensor<8x3x3x3xf32> named "conv.weight"
  %none = qonnx.absent
  %y = qonnx.node "Conv"(%x, %w) version 13 {pads = array<i64: 1, 1, 1, 1>} named "Conv_3"
    : (tensor<1x3x8x8xf32>, tensor<8x3x3x3xf32>) -> tensor<1x8x8x8xf32>
  func.return %y : tensor<1x8x8x8xf32>
}
