package import Checkpoints
package import Kernels

/// The conditioning encoder: speech tokens (25 Hz) to the mean of the flow (50 Hz), chunk by chunk.
///
/// After the upsampling Conformer of CosyVoice 2 (Du et al. 2024), which has attention with
/// relative positions (Dai et al. 2019) and no convolution modules.
package struct FlowEncoder: Sendable {
  private let sizes: FlowConfiguration
  private let codes: WeightMatrix
  private let embedding: FlowEmbedding
  private let lookaheadConvolution: FlowConvolution
  private let convolution: FlowConvolution
  private var layers: [FlowEncoderLayer]
  private let upsampling: FlowConvolution
  private let upsampledEmbedding: FlowEmbedding
  private var upsampledLayers: [FlowEncoderLayer]
  private let norm: FlowNorm
  private let projection: Linear
  private var state: State
  private var start: State

  /// What is carried from one chunk to the next, beside the keys and values of the layers.
  private struct State: Sendable {
    /// 2 positions before the causal convolution, 25 Hz.
    var convolution: Matrix
    /// 4 positions before the upsampling convolution, 50 Hz.
    var upsampling: Matrix
    var tokens: FlowContext
    var frames: FlowContext
  }

  package init(
    _ name: String, _ sizes: FlowConfiguration, prompt: Int, from source: any TensorSource,
    compute: Compute
  ) throws(CheckpointError) {
    let (width, factor) = (sizes.width, sizes.upsampling)
    func convolution(_ part: String, taps: Int) throws(CheckpointError) -> FlowConvolution {
      try FlowConvolution(
        "\(name)encoder.\(part)", inputs: width, outputs: width, taps: taps, from: source,
        compute: compute)
    }
    func layers(_ part: String, _ count: Int) throws(CheckpointError) -> [FlowEncoderLayer] {
      var layers: [FlowEncoderLayer] = []
      for index in 0..<count {
        layers.append(
          try FlowEncoderLayer(
            "\(name)encoder.\(part).\(index)", sizes, from: source, compute: compute))
      }
      return layers
    }
    self.sizes = sizes
    codes = try source.matrix("\(name)input_embedding.weight", rows: sizes.codes, columns: width)
    embedding = try FlowEmbedding(
      "\(name)encoder.embed", width: width, from: source, compute: compute)
    lookaheadConvolution = try convolution(
      "pre_lookahead_layer.conv1", taps: sizes.lookahead + 1)
    self.convolution = try convolution("pre_lookahead_layer.conv2", taps: 3)
    self.layers = try layers("encoders", sizes.layers)
    upsampling = try convolution("up_layer.conv", taps: 2 * factor + 1)
    upsampledEmbedding = try FlowEmbedding(
      "\(name)encoder.up_embed", width: width, from: source, compute: compute)
    upsampledLayers = try layers("up_encoders", sizes.upsampledLayers)
    norm = try FlowNorm("\(name)encoder.after_norm", width: width, from: source)
    projection = try Linear(
      "\(name)encoder_proj", inputs: width, outputs: sizes.melBins, from: source,
      compute: compute)
    state = State(
      convolution: self.convolution.leftContext(), upsampling: upsampling.leftContext(),
      tokens: FlowContext(
        chunk: sizes.chunk, leftContext: sizes.leftContext, prompt: prompt),
      frames: FlowContext(
        chunk: sizes.chunkFrames, leftContext: sizes.leftContext, prompt: prompt * factor))
    start = state
  }

  /// The bytes of everything carried.
  var byteCount: Int {
    (layers + upsampledLayers).reduce(0) { $0 + $1.byteCount }
  }

  /// Takes a chunk's tokens and up to `lookahead` tokens after it, fewer only at the end.
  ///
  /// Gives the mean of the flow `[upsampling * tokens, bins]` and where its frames lie.
  package mutating func step(
    _ tokens: ArraySlice<Int>, lookahead: ArraySlice<Int>
  ) -> (mean: Matrix, span: FlowSpan) {
    let embedded = embedding(Dequantization.rows(tokens + lookahead, of: codes))
    // Beyond the end of the sequence there are zeros.
    let absent = Matrix(rows: sizes.lookahead - lookahead.count, columns: sizes.width)
    var x = lookaheadConvolution(windowsOf: embedded.appending(absent))
    Elementwise.apply(.leakyReLU(slope: 0.01), to: &x)
    x = convolution(x, context: &state.convolution)
    Elementwise.add(embedded.rows(0..<tokens.count), to: &x)
    let tokenSpan = state.tokens.advance(rows: tokens.count)
    for index in layers.indices { x = layers[index].step(x, tokenSpan) }

    x = upsampling(repeated(x), context: &state.upsampling)
    x = upsampledEmbedding(x)
    let frameSpan = state.frames.advance(rows: x.rows)
    for index in upsampledLayers.indices { x = upsampledLayers[index].step(x, frameSpan) }
    return (projection(norm(x)), frameSpan)
  }

  /// Makes everything so far the start that ``forget()`` goes back to.
  mutating func pin() {
    for index in layers.indices { layers[index].pin() }
    for index in upsampledLayers.indices { upsampledLayers[index].pin() }
    state.tokens.pin()
    state.frames.pin()
    start = state
  }

  /// Goes back to the pinned start.
  mutating func forget() {
    for index in layers.indices { layers[index].forget() }
    for index in upsampledLayers.indices { upsampledLayers[index].forget() }
    state = start
  }

  private func repeated(_ x: Matrix) -> Matrix {
    var values: [Float] = []
    values.reserveCapacity(x.values.count * sizes.upsampling)
    for row in 0..<x.rows {
      for _ in 0..<sizes.upsampling { values += x.row(row) }
    }
    return Matrix(rows: x.rows * sizes.upsampling, columns: x.columns, values: values)
  }
}

/// A linear map, a norm, and a scale of the square root of the width.
struct FlowEmbedding: Sendable {
  private let linear: Linear
  private let norm: FlowNorm
  private let scale: Float

  init(
    _ name: String, width: Int, from source: any TensorSource, compute: Compute
  ) throws(CheckpointError) {
    linear = try Linear(
      "\(name).out.0", inputs: width, outputs: width, from: source, compute: compute)
    norm = try FlowNorm("\(name).out.1", width: width, from: source)
    scale = Float(width).squareRoot()
  }

  func callAsFunction(_ x: Matrix) -> Matrix {
    var result = norm(linear(x))
    Elementwise.apply(.scale(by: scale), to: &result)
    return result
  }
}
