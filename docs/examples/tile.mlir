// A kernel at level 2 whose register tile is small enough to be read further down:
// 2 pixels by 1 vector of channels, no loop unrolled.

#framed = #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2],
                         frame = [0, 0, 1, 1, 1, 1, 0, 0]>
#rows = #lowbit.packed<axis = 3, word = i32, order = [0, 1, p, 3, 2]>
#blocks = #lowbit.packed<axis = 3, word = i32, order = [0, p, 1, 2, 3], lanes = [0, 16]>

func.func @main(%x: tensor<1x8x8x32x!lowbit.unipolar<2>, #framed>,
                %w: tensor<32x3x3x32x!lowbit.bipolar<1>, #blocks>)
    -> tensor<1x8x8x32x!lowbit.unipolar<2>, #rows> {
  %thresholds = arith.constant dense<[[-40, 0, 40], [-30, 5, 35], [-20, 0, 20], [-60, 0, 60],
    [-40, 0, 40], [-30, 5, 35], [-20, 0, 20], [-60, 0, 60], [-40, 0, 40], [-30, 5, 35],
    [-20, 0, 20], [-60, 0, 60], [-40, 0, 40], [-30, 5, 35], [-20, 0, 20], [-60, 0, 60],
    [-40, 0, 40], [-30, 5, 35], [-20, 0, 20], [-60, 0, 60], [-40, 0, 40], [-30, 5, 35],
    [-20, 0, 20], [-60, 0, 60], [-40, 0, 40], [-30, 5, 35], [-20, 0, 20], [-60, 0, 60],
    [-40, 0, 40], [-30, 5, 35], [-20, 0, 20], [-60, 0, 60]]> : tensor<32x3xi32>
  %y = lowbit.bitserial_conv %x, %w padding [1, 1, 1, 1]
      schedule #lowbit.schedule<tile = 2x1, unroll = 0, order = rows>
    : (tensor<1x8x8x32x!lowbit.unipolar<2>, #framed>,
       tensor<32x3x3x32x!lowbit.bipolar<1>, #blocks>)
    -> tensor<1x8x8x32x!lowbit.unipolar<2>, #rows> epilogue {
  ^bb0(%acc: tensor<1x8x8x32xi32>):
    %level = lowbit.fused_glue %acc, %thresholds form threshold
      : (tensor<1x8x8x32xi32>, tensor<32x3xi32>) -> tensor<1x8x8x32x!lowbit.unipolar<2>>
    %packed = lowbit.bitpack %level
      : (tensor<1x8x8x32x!lowbit.unipolar<2>>) -> tensor<1x8x8x32x!lowbit.unipolar<2>, #rows>
    lowbit.yield %packed : (tensor<1x8x8x32x!lowbit.unipolar<2>, #rows>) -> ()
  }
  func.return %y : tensor<1x8x8x32x!lowbit.unipolar<2>, #rows>
}
