/// Where a convolution over time looks: kernel, dilation, stride, and the zeros at both ends.
struct ConvolutionGeometry: Sendable, Equatable {
  var kernel: Int
  var dilation = 1
  var stride = 1
  /// Rows of zeros before the first input.
  var left: Int
  /// Rows of zeros after the last input: how far an output looks ahead.
  var right: Int

  /// Input rows that an output reaches over.
  var span: Int { (kernel - 1) * dilation + 1 }

  /// Outputs that can be computed from `rows` inputs, padding included.
  func outputs(ofPadded rows: Int) -> Int {
    rows < span ? 0 : (rows - span) / stride + 1
  }

  /// Outputs that are ready after the first `rows` inputs of a stream.
  func ready(after rows: Int) -> Int { outputs(ofPadded: left + rows) }
}

extension VocoderConfiguration {
  /// The convolution of `kernel` taps in this form.
  func geometry(kernel: Int, dilation: Int = 1) -> ConvolutionGeometry {
    let span = (kernel - 1) * dilation
    let right = form == .causal ? 0 : span / 2
    return ConvolutionGeometry(
      kernel: kernel, dilation: dilation, left: span - right, right: right)
  }

  /// The first convolution over mel frames.
  var preGeometry: ConvolutionGeometry {
    let right = form == .causal ? preLookahead : (preKernel - 1) / 2
    return ConvolutionGeometry(kernel: preKernel, left: preKernel - 1 - right, right: right)
  }

  /// A convolution of the pitch predictor.
  func pitchGeometry(layer: Int) -> ConvolutionGeometry {
    guard form == .causal else { return geometry(kernel: pitchKernel) }
    guard layer == 0 else { return geometry(kernel: 3) }
    return ConvolutionGeometry(
      kernel: pitchKernel, left: pitchKernel - 1 - pitchLookahead, right: pitchLookahead)
  }

  /// The convolution that brings the source's spectrum to the rate of a stage.
  func sourceGeometry(stage: Int) -> ConvolutionGeometry {
    let stride = upsampleRates[(stage + 1)...].reduce(1, *)
    guard stride > 1 else { return ConvolutionGeometry(kernel: 1, left: 0, right: 0) }
    let ends = form == .causal ? (stride - 1, 0) : (stride / 2, stride / 2)
    return ConvolutionGeometry(kernel: 2 * stride, stride: stride, left: ends.0, right: ends.1)
  }

  /// The source's STFT; its reflected ends are given as inputs.
  var fourierGeometry: ConvolutionGeometry {
    ConvolutionGeometry(kernel: fourierSize, stride: fourierHop, left: 0, right: 0)
  }
}
