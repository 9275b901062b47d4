/// The products in plain Swift, in the order of additions that CKernels.h defines.
enum ReferenceProducts {
  /// x times the transposed weights, plus a bias.
  static func linear(
    _ x: UnsafePointer<Float>, rows: Int, _ weights: WeightMatrix, bias: UnsafePointer<Float>?,
    into y: UnsafeMutablePointer<Float>
  ) {
    let columns = weights.columns
    let plain = weights.type.blockElements == 1
    var activations: [QuantizedRow] = []
    if !plain {
      for row in 0..<rows {
        activations.append(
          QuantizedRow(UnsafeBufferPointer(start: x + row * columns, count: columns)))
      }
    }
    for output in 0..<weights.rows {
      let row = weights.rows(output..<output + 1)
      let values = plain ? Dequantization.values(of: row) : []
      let decoded = plain ? [] : IntegerGroup.groups(of: row)
      for n in 0..<rows {
        let sum =
          plain
          ? dot(UnsafeBufferPointer(start: x + n * columns, count: columns), values)
          : dot(activations[n], decoded)
        y[n * weights.rows + output] = bias.map { sum + $0[output] } ?? sum
      }
    }
  }

  /// 32 lanes, a tail of zeros, and the tree.
  static func dot(_ x: UnsafeBufferPointer<Float>, _ w: [Float]) -> Float {
    var lanes = [Float](repeating: 0, count: 32)
    for i in 0..<(x.count + 31) / 32 * 32 {
      lanes[i % 32].addProduct(i < x.count ? x[i] : 0, i < x.count ? w[i] : 0)
    }
    return tree(lanes)
  }

  /// 16 lanes, the minima apart, and the tree.
  private static func dot(_ x: QuantizedRow, _ w: [IntegerGroup]) -> Float {
    var lanes = [Float](repeating: 0, count: 16)
    var minima = [Float](repeating: 0, count: 8)
    for (g, group) in w.enumerated() {
      for lane in 0..<8 {
        var sum = 0
        for i in 4 * lane..<4 * lane + 4 { sum += Int(group.q[i]) * Int(x.q[32 * g + i]) }
        lanes[8 * (g % 2) + lane].addProduct(Float(sum), group.scales[lane / 4] * x.scales[g])
      }
      if let minimum = group.minimum { minima[g % 8].addProduct(minimum, x.sums[g]) }
    }
    let folded = (0..<8).map { lanes[$0] + lanes[$0 + 8] }
    guard w.first?.minimum != nil else { return tree(folded) }
    return tree((0..<8).map { folded[$0] - minima[$0] })
  }

  /// Adds the upper half to the lower half until one lane is left.
  static func tree(_ lanes: [Float]) -> Float {
    var lanes = lanes
    while lanes.count > 1 {
      let half = lanes.count / 2
      lanes = (0..<half).map { lanes[$0] + lanes[$0 + half] }
    }
    return lanes[0]
  }
}

/// One row of activations in eight bits.
struct QuantizedRow {
  private(set) var q: [Int8] = []
  private(set) var scales: [Float] = []
  private(set) var sums: [Float] = []

  init(_ x: UnsafeBufferPointer<Float>) {
    for first in stride(from: 0, to: x.count, by: 32) {
      let group = x[first..<first + 32]
      let bits = group.reduce(0) { max($0, $1.bitPattern & 0x7fff_ffff) }
      let largest = Float(bitPattern: bits)
      let finite = bits < 0x7f80_0000
      let tiny = bits < 0x0d80_0000  // 2^-100
      let inverse = tiny || !finite ? 0 : 127 / largest
      let scale = finite ? (tiny ? 0 : largest / 127) : Float.nan
      let rounded = group.map {
        finite ? Int8(($0 * inverse).rounded(.toNearestOrEven)) : 0
      }
      q += rounded
      scales.append(scale)
      sums.append(scale * Float(rounded.reduce(0) { $0 + Int($1) }))
    }
  }
}
