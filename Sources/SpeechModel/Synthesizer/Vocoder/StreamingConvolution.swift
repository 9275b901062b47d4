import Checkpoints
import Kernels

/// A convolution over time that is fed piece by piece: an output comes out as soon as every input
/// it looks at is there, and the inputs that later outputs need are carried.
///
/// Any cut of the stream gives the outputs of the whole.
struct StreamingConvolution: Sendable {
  /// How the inputs of an output lie in a row of the weights.
  private enum Order { case tapMajor, channelMajor }

  let geometry: ConvolutionGeometry
  let inputs: Int
  var outputs: Int { weight.rows }
  private let weight: WeightMatrix
  private let bias: [Float]?
  private let order: Order
  private let compute: Compute
  /// Rows not yet left behind, the zeros at the start included.
  private var pending: [Float]

  /// Floats of a tile of unrolled inputs: 1 MiB, so that it stays in the cache.
  private static let tile = 1 << 18

  /// Takes weights `[outputs, kernel * inputs]`, the taps outermost in a row.
  init(
    tapMajor weight: WeightMatrix, bias: [Float]?, inputs: Int, geometry: ConvolutionGeometry,
    compute: Compute
  ) {
    self.init(
      weight: weight, bias: bias, inputs: inputs, geometry: geometry, order: .tapMajor,
      compute: compute)
  }

  /// Takes `name` with its bias, `[outputs, inputs, kernel]`.
  ///
  /// Quantised weights stay as they are stored; others are laid out for fast unrolling.
  init(
    _ name: String, inputs: Int, outputs: Int, geometry: ConvolutionGeometry,
    from weights: VocoderWeights
  ) throws(CheckpointError) {
    let stored = try weights.matrix(name, shape: [outputs, inputs, geometry.kernel])
    let bias = try weights.vector("\(name).bias", count: outputs)
    let isPlain = stored.type.blockElements == 1
    self.init(
      weight: isPlain ? Self.tapMajor(stored, kernel: geometry.kernel) : stored, bias: bias,
      inputs: inputs, geometry: geometry, order: isPlain ? .tapMajor : .channelMajor,
      compute: weights.compute)
  }

  private init(
    weight: WeightMatrix, bias: [Float]?, inputs: Int, geometry: ConvolutionGeometry,
    order: Order, compute: Compute
  ) {
    precondition(weight.columns == inputs * geometry.kernel && geometry.span >= geometry.stride)
    self.weight = weight
    self.bias = bias
    self.inputs = inputs
    self.geometry = geometry
    self.order = order
    self.compute = compute
    pending = [Float](repeating: 0, count: geometry.left * inputs)
  }

  /// Takes the next rows; `ended` says that they are the last.
  mutating func step(_ x: Matrix, ended: Bool) -> Matrix {
    precondition(x.columns == inputs)
    pending += x.values
    if ended { pending += [Float](repeating: 0, count: geometry.right * inputs) }
    let count = geometry.outputs(ofPadded: pending.count / inputs)
    guard count > 0 else { return Matrix(rows: 0, columns: outputs) }
    let rowsPerTile = max(16, Self.tile / weight.columns)
    let result: Matrix
    if count <= rowsPerTile {
      result = compute.linear(unrolled(0..<count), weight, bias: bias)
    } else {
      var values: [Float] = []
      values.reserveCapacity(count * outputs)
      for start in stride(from: 0, to: count, by: rowsPerTile) {
        let rows = unrolled(start..<min(start + rowsPerTile, count))
        values += compute.linear(rows, weight, bias: bias).values
      }
      result = Matrix(rows: count, columns: outputs, values: values)
    }
    pending.removeFirst(count * geometry.stride * inputs)
    return result
  }

  /// Forgets the stream.
  mutating func reset() {
    pending = [Float](repeating: 0, count: geometry.left * inputs)
  }

  /// The inputs of some outputs, one output a row.
  private func unrolled(_ range: Range<Int>) -> Matrix {
    let columns = weight.columns
    let (inputs, geometry) = (inputs, geometry)
    let values = pending.withUnsafeBufferPointer { pending in
      [Float](unsafeUninitializedCapacity: range.count * columns) { buffer, count in
        count = range.count * columns
        guard let source = pending.baseAddress, let target = buffer.baseAddress else { return }
        for (index, output) in range.enumerated() {
          let first = source + output * geometry.stride * inputs
          let row = target + index * columns
          switch order {
          case .tapMajor:
            guard geometry.dilation > 1 else {
              row.initialize(from: first, count: columns)
              continue
            }
            for tap in 0..<geometry.kernel {
              (row + tap * inputs).initialize(
                from: first + tap * geometry.dilation * inputs, count: inputs)
            }
          case .channelMajor:
            for tap in 0..<geometry.kernel {
              let x = first + tap * geometry.dilation * inputs
              for channel in 0..<inputs { row[channel * geometry.kernel + tap] = x[channel] }
            }
          }
        }
      }
    }
    return Matrix(rows: range.count, columns: columns, values: values)
  }

  private static func tapMajor(_ weight: WeightMatrix, kernel: Int) -> WeightMatrix {
    let stored = Dequantization.values(of: weight)
    let inputs = weight.columns / kernel
    var values = stored
    for row in 0..<weight.rows {
      for channel in 0..<inputs {
        for tap in 0..<kernel {
          values[row * weight.columns + tap * inputs + channel] =
            stored[row * weight.columns + channel * kernel + tap]
        }
      }
    }
    return WeightMatrix(rows: weight.rows, columns: weight.columns, values: values)
  }
}
