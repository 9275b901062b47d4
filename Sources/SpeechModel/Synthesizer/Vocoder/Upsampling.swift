import Checkpoints
import Kernels

extension VocoderConfiguration {
  /// Input rows that the `rate` outputs beside an input look at.
  ///
  /// Symmetric: of a transposed convolution whose output is cut by (kernel - rate) / 2 at both
  /// ends. Causal: of a left-padded convolution over rows that are repeated `rate` times.
  func upsamplingGeometry(stage: Int) -> ConvolutionGeometry {
    let (rate, kernel) = (upsampleRates[stage], upsampleKernels[stage])
    switch form {
    case .causal:
      let left = (kernel - 1 + rate - 1) / rate
      return ConvolutionGeometry(kernel: left + 1, left: left, right: 0)
    case .symmetric:
      let cut = (kernel - rate) / 2
      let (left, right) = ((kernel - 1 - cut) / rate, (rate - 1 + cut) / rate)
      return ConvolutionGeometry(kernel: left + 1 + right, left: left, right: right)
    }
  }
}

/// Makes `rate` rows of every row, half as wide.
///
/// Both forms are one convolution at the input's rate whose outputs are the `rate` rows side by
/// side: the taps that meet the same input are added up once, at load.
struct Upsampling: Sendable {
  private let rate: Int
  private var convolution: StreamingConvolution

  init(
    _ configuration: VocoderConfiguration, stage: Int, from weights: VocoderWeights
  ) throws(CheckpointError) {
    let name = "ups.\(stage)"
    let outputs = configuration.channels(afterStage: stage)
    let (inputs, kernel) = (2 * outputs, configuration.upsampleKernels[stage])
    let geometry = configuration.upsamplingGeometry(stage: stage)
    rate = configuration.upsampleRates[stage]
    let isCausal = configuration.form == .causal
    let shape = isCausal ? [outputs, inputs, kernel] : [inputs, outputs, kernel]
    let stored = Dequantization.values(of: try weights.matrix(name, shape: shape))
    let bias = try weights.vector("\(name).bias", count: outputs)
    var values = [Float](repeating: 0, count: rate * outputs * geometry.kernel * inputs)
    for phase in 0..<rate {
      for tap in 0..<kernel {
        guard
          let row = isCausal
            ? Self.repeatedInput(phase: phase, tap: tap, kernel: kernel, rate: rate)
            : Self.transposedInput(phase: phase, tap: tap, kernel: kernel, rate: rate)
        else { continue }
        let inputRow = geometry.left + row
        for output in 0..<outputs {
          let base = ((phase * outputs + output) * geometry.kernel + inputRow) * inputs
          for input in 0..<inputs {
            let index = isCausal ? output * inputs + input : input * outputs + output
            values[base + input] += stored[index * kernel + tap]
          }
        }
      }
    }
    convolution = StreamingConvolution(
      tapMajor: WeightMatrix(
        rows: rate * outputs, columns: geometry.kernel * inputs, values: values),
      bias: (0..<rate).flatMap { _ in bias }, inputs: inputs, geometry: geometry,
      compute: weights.compute)
  }

  /// The input, counted from the one beside the output, that a tap of a convolution over repeated
  /// rows meets.
  private static func repeatedInput(phase: Int, tap: Int, kernel: Int, rate: Int) -> Int? {
    let offset = phase + tap - (kernel - 1)
    return offset >= 0 ? offset / rate : -((rate - 1 - offset) / rate)
  }

  /// The same of a transposed convolution; nil where the tap does not fall on this output.
  private static func transposedInput(phase: Int, tap: Int, kernel: Int, rate: Int) -> Int? {
    let offset = phase + (kernel - rate) / 2 - tap
    return offset % rate == 0 ? offset / rate : nil
  }

  mutating func step(_ x: Matrix, ended: Bool) -> Matrix {
    let wide = convolution.step(x, ended: ended)
    return Matrix(
      rows: wide.rows * rate, columns: wide.columns / rate, values: wide.values)
  }

  mutating func reset() { convolution.reset() }
}
