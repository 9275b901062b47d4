/// The functions of a row in plain Swift: sums in 16 lanes, then the tree.
enum ReferenceRows {
  static func softmax(_ x: UnsafeMutableBufferPointer<Float>) {
    let largest = x.reduce(-Float.infinity) { $1 > $0 ? $1 : $0 }
    for i in x.indices { x[i] = ReferenceFunctions.exp(x[i] - largest) }
    let total = sum(x.indices) { lane, i in lane += x[i] }
    for i in x.indices { x[i] /= total }
  }

  static func rmsNorm(
    _ x: UnsafeMutableBufferPointer<Float>, weight: UnsafeBufferPointer<Float>, epsilon: Float
  ) {
    let squares = sum(x.indices) { lane, i in lane.addProduct(x[i], x[i]) }
    let scale = 1 / (squares / Float(x.count) + epsilon).squareRoot()
    for i in x.indices { x[i] = x[i] * scale * weight[i] }
  }

  static func layerNorm(
    _ x: UnsafeMutableBufferPointer<Float>, weight: [Float]?, bias: [Float]?, epsilon: Float
  ) {
    let mean = sum(x.indices) { lane, i in lane += x[i] } / Float(x.count)
    let squares = sum(x.indices) { lane, i in lane.addProduct(x[i] - mean, x[i] - mean) }
    let scale = 1 / (squares / Float(x.count) + epsilon).squareRoot()
    for i in x.indices {
      x[i] = (x[i] - mean) * scale
      if let weight { x[i] *= weight[i] }
      if let bias { x[i] += bias[i] }
    }
  }

  /// Adds index i to lane i mod 16 and the lanes by the tree.
  static func sum(_ indices: Range<Int>, _ add: (inout Float, Int) -> Void) -> Float {
    var lanes = [Float](repeating: 0, count: 16)
    for i in indices { add(&lanes[i % 16], i) }
    return ReferenceProducts.tree(lanes)
  }
}
