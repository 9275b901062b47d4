public import Checkpoints
import Foundation
public import Kernels

/// Speech tokens (25 Hz) to mel frames (50 Hz) in the voice of a prompt, by flow matching.
///
/// The flow module of CosyVoice 2 (Du et al. 2024; flow matching: Lipman et al. 2023), with every
/// context carried, so that no frame is computed twice and chunks repeat the whole pass exactly.
/// One sentence is one sequence:
///
///     var flow = try FlowDecoder(configuration, from: tensors, prompt: voice, compute: compute)
///     let frames = flow.step(tokens, ended: false)
///     let rest = flow.step([], ended: true)
///     flow.reset()
///
/// Mask chunks count from the start of the prompt. A chunk is converted as soon as its tokens and
/// the `lookahead` tokens after it are there: 15 tokens for a chunk of 12.
public struct FlowDecoder: Sendable {
  /// The sizes.
  public let configuration: FlowConfiguration
  private let promptFrames: Int
  private let promptMel: Matrix
  /// The speaker condition, `[bins]`.
  private let speaker: [Float]
  private let noise: FlowNoise
  private let times: [Double]
  private var encoder: FlowEncoder
  private let estimator: FlowEstimator
  /// One for each Euler step.
  private var states: [FlowEstimator.State]
  /// Tokens that wait for their chunk or its look-ahead, at most one chunk and its look-ahead.
  private var waiting: [Int]
  private var firstWaiting: [Int]
  private var hasEnded = false

  /// Takes the weights by the names of the published `flow.pt`, each behind `prefix`, and computes
  /// the whole chunks of the prompt.
  ///
  /// The published models use the noise of `seed` 0.
  /// - Throws: `CheckpointError` for impossible sizes, missing or wrong tensors, and a prompt
  ///   that does not fit to them.
  public init(
    _ configuration: FlowConfiguration, from source: any TensorSource, prefix: String = "",
    prompt: VoicePrompt, seed: UInt32 = 0, compute: Compute
  ) throws(CheckpointError) {
    try configuration.validate()
    try Self.check(prompt, configuration)
    let steps = configuration.steps
    // Close together at the start, where the flow bends most.
    times = (0...steps).map { 1 - cos(Double($0) * .pi / Double(2 * steps)) }
    encoder = try FlowEncoder(
      prefix, configuration, prompt: prompt.tokens.count, from: source, compute: compute)
    estimator = try FlowEstimator(
      "\(prefix)decoder.estimator", configuration, times: times.dropLast(), from: source,
      compute: compute)
    let affine = try Linear(
      "\(prefix)spk_embed_affine_layer", inputs: configuration.speakerWidth,
      outputs: configuration.melBins, from: source, compute: compute)
    speaker = affine(Self.normalized(prompt.speaker)).values
    noise = FlowNoise(
      bins: configuration.melBins, frames: configuration.noiseFrames, seed: seed)
    states = Array(repeating: estimator.initialState(), count: steps)
    self.configuration = configuration
    promptMel = prompt.mel
    promptFrames = prompt.mel.rows
    waiting = prompt.tokens.map { max($0, 0) }
    firstWaiting = []
    _ = convertWholeChunks()
    encoder.pin()
    for index in states.indices { states[index].pin() }
    firstWaiting = waiting
  }

  /// Takes the next tokens and gives the frames that became ready: `[frames, bins]`, maybe none.
  ///
  /// When the sentence has ended, its last, shorter chunk is converted too. Tokens below 0 count
  /// as 0.
  /// - Important: Traps for tokens beyond the codes, and after the end until ``reset()``.
  public mutating func step(_ tokens: [Int], ended: Bool) -> Matrix {
    precondition(!hasEnded)
    precondition(tokens.allSatisfy { $0 < configuration.codes })
    waiting += tokens.map { max($0, 0) }
    var frames = convertWholeChunks()
    guard ended else { return frames }
    while !waiting.isEmpty {
      frames = frames.appending(convert(tokens: min(waiting.count, configuration.chunk)))
    }
    hasEnded = true
    return frames
  }

  /// Goes back to just after the prompt: the next step starts a new sentence.
  public mutating func reset() {
    encoder.forget()
    for index in states.indices { states[index].forget() }
    waiting = firstWaiting
    hasEnded = false
  }

  /// The bytes of all carried keys and values, the prompt's included.
  public var cacheByteCount: Int {
    states.reduce(encoder.byteCount) { $0 + $1.byteCount }
  }

  private mutating func convertWholeChunks() -> Matrix {
    var frames = Matrix(rows: 0, columns: configuration.melBins)
    while waiting.count >= configuration.chunk + configuration.lookahead {
      frames = frames.appending(convert(tokens: configuration.chunk))
    }
    return frames
  }

  /// Converts the first waiting tokens, and drops the frames that belong to the prompt.
  private mutating func convert(tokens count: Int) -> Matrix {
    let (mean, span) = encoder.step(
      waiting.prefix(count), lookahead: waiting.dropFirst(count).prefix(configuration.lookahead))
    waiting.removeFirst(count)
    let bins = configuration.melBins
    var conditioned = conditions(mean, span)
    var point = Matrix(rows: span.rows, columns: bins)
    for row in 0..<span.rows {
      for bin in 0..<bins { point[row, bin] = noise[span.position + row, bin] }
    }
    for step in states.indices {
      insert(point, into: &conditioned)
      let velocity = estimator(conditioned, step: step, span: span, state: &states[step])
      move(&point, by: Float(times[step + 1] - times[step]), along: velocity)
    }
    let dropped = min(max(promptFrames - span.position, 0), span.rows)
    return point.rows(dropped..<span.rows)
  }

  /// The estimator's input with zeros for the point: point, mean, speaker, mel of the prompt.
  ///
  /// The second sequence, which has no conditions, has zeros for all.
  private func conditions(_ mean: Matrix, _ span: FlowSpan) -> Matrix {
    let bins = configuration.melBins
    var result = Matrix(
      rows: configuration.estimatorRows * span.rows, columns: configuration.estimatorInputs)
    for row in 0..<span.rows {
      let start = row * result.columns
      let position = span.position + row
      for bin in 0..<bins {
        result.values[start + bins + bin] = mean[row, bin]
        result.values[start + 2 * bins + bin] = speaker[bin]
        if position < promptFrames {
          result.values[start + 3 * bins + bin] = promptMel[position, bin]
        }
      }
    }
    return result
  }

  private func insert(_ point: Matrix, into conditioned: inout Matrix) {
    for row in 0..<conditioned.rows {
      let start = row * conditioned.columns
      let from = row % point.rows * point.columns
      for bin in 0..<point.columns {
        conditioned.values[start + bin] = point.values[from + bin]
      }
    }
  }

  /// An Euler step, with guidance where there is a second sequence (Ho and Salimans 2022).
  private func move(_ point: inout Matrix, by time: Float, along velocity: Matrix) {
    let count = point.values.count
    let isGuided = velocity.values.count > count
    let weight = configuration.guidance
    for index in 0..<count {
      var value = velocity.values[index]
      if isGuided { value = (1 + weight) * value - weight * velocity.values[count + index] }
      point.values[index] += time * value
    }
  }

  private static func normalized(_ vector: [Float]) -> Matrix {
    let length = max(vector.reduce(0) { $0 + $1 * $1 }.squareRoot(), 1e-12)
    return Matrix(rows: 1, columns: vector.count, values: vector.map { $0 / length })
  }

  private static func check(
    _ prompt: VoicePrompt, _ sizes: FlowConfiguration
  ) throws(CheckpointError) {
    func wrong(_ subject: String, _ reason: String) -> CheckpointError {
      CheckpointError(.mismatch, subject: "prompt.\(subject)", reason: reason)
    }
    guard prompt.tokens.allSatisfy({ $0 < sizes.codes }) else {
      throw wrong("tokens", "has a token beyond the \(sizes.codes) codes")
    }
    let frames = prompt.tokens.count * sizes.upsampling
    guard prompt.mel.rows == frames, prompt.mel.columns == sizes.melBins else {
      throw wrong(
        "mel",
        "is \(prompt.mel.rows) x \(prompt.mel.columns), expected \(frames) x \(sizes.melBins)")
    }
    guard prompt.mel.values.allSatisfy(\.isFinite) else {
      throw wrong("mel", "has values that are not finite")
    }
    guard prompt.speaker.count == sizes.speakerWidth, prompt.speaker.allSatisfy(\.isFinite) else {
      throw wrong("speaker", "is no vector of \(sizes.speakerWidth) finite values")
    }
  }
}
