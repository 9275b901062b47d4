package import Checkpoints
import Foundation
package import Kernels

/// The velocity of the flow, for frames of one or two sequences (with and without conditions).
///
/// The one-level causal U-Net of CosyVoice 2 (Du et al. 2024). The weights are shared by all Euler
/// steps; what is carried from one chunk to the next belongs to a step.
package struct FlowEstimator: Sendable {
  /// A residual block and its transformer layers.
  private struct Stage: Sendable {
    let residual: FlowResidualBlock
    let layers: [FlowEstimatorLayer]
  }

  /// What one Euler step carries: exact keys and values, frames before each convolution.
  package struct State: Sendable {
    fileprivate var contexts: Contexts
    /// By stage, layer and sequence.
    fileprivate var caches: [[[FlowCache]]]
    fileprivate var start: Contexts

    fileprivate struct Contexts: Sendable {
      var residuals: [FlowResidualBlock.State]
      var down: Matrix
      var up: Matrix
      var final: Matrix
    }

    /// Applies a change to every cache.
    private mutating func forEachCache(_ body: (inout FlowCache) -> Void) {
      for stage in caches.indices {
        for layer in caches[stage].indices {
          for sequence in caches[stage][layer].indices { body(&caches[stage][layer][sequence]) }
        }
      }
    }

    /// Makes everything so far the start that ``forget()`` goes back to.
    mutating func pin() {
      forEachCache { $0.pin() }
      start = contexts
    }

    /// Goes back to the pinned start.
    mutating func forget() {
      forEachCache { $0.forget() }
      contexts = start
    }

    /// The bytes of keys and values.
    var byteCount: Int { caches.joined().joined().reduce(0) { $0 + $1.byteCount } }
  }

  private let sequences: Int
  private let cacheWidth: Int
  /// Down, middle and up.
  private let stages: [Stage]
  private let down: FlowConvolution
  private let up: FlowConvolution
  private let final: FlowConvolutionBlock
  private let projection: Linear

  /// `times` are those of the Euler steps, 0 to 1.
  package init(
    _ name: String, _ sizes: FlowConfiguration, times: [Double], from source: any TensorSource,
    compute: Compute
  ) throws(CheckpointError) {
    let channels = sizes.channels
    let embedded = try Self.embeddings(
      of: times, "\(name).time_mlp", sizes, from: source, compute: compute)
    func stage(_ part: String, inputs: Int) throws(CheckpointError) -> Stage {
      var layers: [FlowEstimatorLayer] = []
      for index in 0..<sizes.blockLayers {
        layers.append(
          try FlowEstimatorLayer(
            "\(name).\(part).1.\(index)", sizes, from: source, compute: compute))
      }
      let residual = try FlowResidualBlock(
        "\(name).\(part).0", inputs: inputs, sizes, times: embedded, from: source,
        compute: compute)
      return Stage(residual: residual, layers: layers)
    }
    func convolution(_ part: String) throws(CheckpointError) -> FlowConvolution {
      try FlowConvolution(
        "\(name).\(part)", inputs: channels, outputs: channels, taps: 3, from: source,
        compute: compute)
    }
    sequences = sizes.estimatorRows
    cacheWidth = sizes.estimatorHeads * sizes.headWidth
    var stages = [try stage("down_blocks.0", inputs: sizes.estimatorInputs)]
    for index in 0..<sizes.midBlocks {
      stages.append(try stage("mid_blocks.\(index)", inputs: channels))
    }
    stages.append(try stage("up_blocks.0", inputs: 2 * channels))
    self.stages = stages
    down = try convolution("down_blocks.0.2")
    up = try convolution("up_blocks.0.2")
    final = try FlowConvolutionBlock(
      "\(name).final_block", inputs: channels, outputs: channels, from: source,
      compute: compute)
    projection = try Linear(
      "\(name).final_proj", inputs: channels, outputs: sizes.melBins, from: source,
      compute: compute)
  }

  /// The state of an Euler step at the start of a sequence.
  package func initialState() -> State {
    let contexts = State.Contexts(
      residuals: stages.map { $0.residual.initialState(sequences: sequences) },
      down: down.leftContext(sequences: sequences), up: up.leftContext(sequences: sequences),
      final: final.leftContext(sequences: sequences))
    let empty = Array(repeating: FlowCache(width: cacheWidth), count: sequences)
    let caches = stages.map { Array(repeating: empty, count: $0.layers.count) }
    return State(contexts: contexts, caches: caches, start: contexts)
  }

  /// The velocity `[sequences * frames, bins]` at the next frames `[sequences * frames, 4 bins]`.
  package func callAsFunction(_ x: Matrix, step: Int, span: FlowSpan, state: inout State) -> Matrix
  {
    let last = stages.count - 1
    let skip = run(0, x, step, span, &state)
    var hidden = down(skip, context: &state.contexts.down, sequences: sequences)
    for index in 1..<last { hidden = run(index, hidden, step, span, &state) }
    hidden = run(last, Self.joined(hidden, skip), step, span, &state)
    hidden = up(hidden, context: &state.contexts.up, sequences: sequences)
    return projection(final(hidden, context: &state.contexts.final, sequences: sequences))
  }

  private func run(
    _ index: Int, _ x: Matrix, _ step: Int, _ span: FlowSpan, _ state: inout State
  ) -> Matrix {
    var hidden = stages[index].residual(
      x, step: step, state: &state.contexts.residuals[index], sequences: sequences)
    for (layer, part) in stages[index].layers.enumerated() {
      part(&hidden, span, caches: &state.caches[index][layer])
    }
    return hidden
  }

  private static func joined(_ a: Matrix, _ b: Matrix) -> Matrix {
    var values: [Float] = []
    values.reserveCapacity(a.values.count + b.values.count)
    for row in 0..<a.rows {
      values += a.row(row)
      values += b.row(row)
    }
    return Matrix(rows: a.rows, columns: a.columns + b.columns, values: values)
  }

  /// The embeddings of times, Mish applied: `[times, timeWidth]`.
  private static func embeddings(
    of times: [Double], _ name: String, _ sizes: FlowConfiguration,
    from source: any TensorSource, compute: Compute
  ) throws(CheckpointError) -> Matrix {
    let half = sizes.estimatorInputs / 2
    var sinusoids = Matrix(rows: times.count, columns: 2 * half)
    for (row, time) in times.enumerated() {
      for index in 0..<half {
        let frequency = exp(-log(10_000.0) * Double(index) / Double(half - 1))
        sinusoids[row, index] = Float(sin(1000 * time * frequency))
        sinusoids[row, half + index] = Float(cos(1000 * time * frequency))
      }
    }
    let first = try Linear(
      "\(name).linear_1", inputs: 2 * half, outputs: sizes.timeWidth, from: source,
      compute: compute)
    let second = try Linear(
      "\(name).linear_2", inputs: sizes.timeWidth, outputs: sizes.timeWidth, from: source,
      compute: compute)
    var hidden = first(sinusoids)
    Elementwise.apply(.silu, to: &hidden)
    hidden = second(hidden)
    Elementwise.apply(.mish, to: &hidden)
    return hidden
  }
}
