// Two columns of a row of tables, and a tile of two pixels that looks them up: 3 columns of taps,
// 6 input channels, which make one index, 64 output channels.

func.func @tile(%tables: memref<1x4x1x64xi8>, %w: memref<1x1x1x3x1x64xi8>, %zero: index)
    -> (vector<16xi32>, vector<16xi32>) {
  %both0, %upper0, %both1, %upper1 = lowbit.lut_tile
      %tables, %w, %zero, %zero, %zero, %zero, %zero
      pixels 2 registers 1 count 1 x_code !lowbit.unipolar<2> w_code !lowbit.bipolar<1>
    : (memref<1x4x1x64xi8>, memref<1x1x1x3x1x64xi8>, index, index, index, index, index)
    -> (vector<32xi16>, vector<32xi16>, vector<32xi16>, vector<32xi16>)
  %0, %1, %2, %3 = lowbit.lut_sums %both0, %upper0 elements 18
      x_code !lowbit.unipolar<2> w_code !lowbit.bipolar<1>
    : (vector<32xi16>, vector<32xi16>)
    -> (vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>)
  %4, %5, %6, %7 = lowbit.lut_sums %both1, %upper1 elements 18
      x_code !lowbit.unipolar<2> w_code !lowbit.bipolar<1>
    : (vector<32xi16>, vector<32xi16>)
    -> (vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>)
  func.return %0, %4 : vector<16xi32>, vector<16xi32>
}
