import Checkpoints
import Foundation
import Kernels
import SpeechModel
import TestSupport
import Testing

struct FlowConfigurationTests {
  @Test func `the published sizes are valid`() throws {
    try FlowConfiguration().validate()
  }

  @Test(arguments: ["width", "chunk", "leftContext", "guidance", "steps", "noiseFrames"])
  func `an impossible size is named`(name: String) {
    var sizes = FlowConfiguration()
    switch name {
    case "width": sizes.width = 511
    case "chunk": sizes.chunk = 0
    case "leftContext": sizes.leftContext = -1
    case "guidance": sizes.guidance = .nan
    case "steps": sizes.steps = .max
    default: sizes.noiseFrames = 0
    }
    let error = #expect(throws: CheckpointError.self) { try sizes.validate() }
    #expect(error?.subject == "flow.\(name)")
  }
}

struct FlowNoiseTests {
  @Test func `seed 0 gives the noise of the published sampler`() {
    let noise = FlowNoise(bins: 80, frames: 15_000, seed: 0)
    let first: [Float] = [-1.1258398, -1.1523602, -0.2505786, -0.4338788, 0.8487104]
    let second: [Float] = [0.8691794, 0.5761968, -0.4119531]
    let last: [Float] = [-0.0321569, -0.9826010, -0.0832944]
    #expect(largestDifference((0..<5).map { noise[$0, 0] }, first) < 4e-6)
    #expect(largestDifference((0..<3).map { noise[$0, 1] }, second) < 4e-6)
    #expect(largestDifference((14_997..<15_000).map { noise[$0, 79] }, last) < 4e-6)
  }

  @Test func `a size that is no whole number of blocks is drawn as PyTorch draws it`() throws {
    let file = try SafeTensorsFile(path: Goldens.path("flow/flow.safetensors"))
    let expected = try file.values("noise", shape: [37, 20])
    let noise = FlowNoise(bins: 20, frames: 37, seed: 0)
    let found = (0..<37).flatMap { frame in (0..<20).map { noise[frame, $0] } }
    #expect(largestDifference(found, expected) < 4e-6)
  }

  @Test func `the noise repeats after its last frame and differs by seed`() {
    let noise = FlowNoise(bins: 4, frames: 10, seed: 5)
    #expect(noise[13, 2] == noise[3, 2])
    #expect(noise[3, 2] != FlowNoise(bins: 4, frames: 10, seed: 6)[3, 2])
  }
}

struct FlowContextTests {
  /// The positions that a chunk sees, by the layout of the cache that wrote them.
  private func seen(_ spans: [FlowSpan], pinned: Int, at index: Int) -> [Int] {
    var recent: [Int: Int] = [:]
    for span in spans[...index] where span.position >= pinned {
      for row in 0..<span.rows { recent[span.slot + row] = span.position + row }
    }
    let rows = spans[index].recentRows.joined().map { recent[$0] ?? -1 }
    let bySegment = spans[index].recent.flatMap { segment in
      segment.rows.indices.map { $0 - segment.rows.lowerBound + segment.position }
    }
    #expect(rows.sorted() == bySegment.sorted())
    return (Array(0..<spans[index].pinned) + bySegment).sorted()
  }

  @Test(arguments: [nil, 0, 1, 3], [0, 2, 4, 7, 12])
  func `a chunk sees the prompt, the chunks in its window and itself`(
    leftContext: Int?, prompt: Int
  ) {
    let chunk = 4
    for pinnedChunks in 0...prompt / chunk {
      var context = FlowContext(chunk: chunk, leftContext: leftContext, prompt: prompt)
      var spans: [FlowSpan] = []
      for index in 0..<12 {
        if index == pinnedChunks { context.pin() }
        spans.append(context.advance(rows: index == 11 ? 3 : chunk))
      }
      for index in pinnedChunks..<12 {
        let end = index == 11 ? 47 : (index + 1) * chunk
        let expected = (0..<end).filter {
          $0 < prompt || $0 / chunk >= index - (leftContext ?? 100)
        }
        let found = seen(spans, pinned: pinnedChunks * chunk, at: index)
        #expect(found == expected, "chunk \(index), \(pinnedChunks) chunks pinned")
      }
    }
  }
}

struct FlowMathTests {
  private let x = (-400..<405).map { Float($0) / 20 }

  @Test(arguments: [1, 7, 8, 9, 805])
  func `weights sum to one in the right proportions`(count: Int) {
    let values = Array(x.prefix(count))
    let powers = values.map { exp(0.25 * Double($0)) }
    let sum = powers.reduce(0, +)
    var found = values
    found.withUnsafeMutableBufferPointer { FlowMath.softmax($0, scale: 0.25) }
    #expect(largestDifference(found, powers.map { Float($0 / sum) }) < 1e-6)
  }
}

struct FlowModuleTests {
  private let sizes = FlowFixtures.tiny
  private let source = FilledTensors(shapes: FlowFixtures.tiny.tensorShapes)

  private func golden(_ name: String) throws -> [Float] {
    let file = try SafeTensorsFile(path: Goldens.path("flow/flow.safetensors"))
    return try file.values(name, shape: [66, 20])
  }

  @Test func `the encoder gives the mean of the reference`() throws {
    var encoder = try FlowEncoder("", sizes, prompt: 0, from: source, compute: Compute())
    let tokens = FlowFixtures.prompt().tokens + FlowFixtures.tokens
    var mean: [Float] = []
    for start in stride(from: 0, to: tokens.count, by: sizes.chunk) {
      let chunk = tokens[start...].prefix(sizes.chunk)
      mean += encoder.step(chunk, lookahead: tokens[chunk.endIndex...].prefix(3)).mean.values
    }
    #expect(largestDifference(mean, try golden("mu")) < 5e-5)
  }

  @Test(arguments: [("estimator", 10), ("estimator.full", 1000)])
  func `the estimator gives the velocity of the reference`(name: String, chunk: Int) throws {
    var sizes = sizes
    sizes.guidance = 0
    let estimator = try FlowEstimator(
      "decoder.estimator", sizes, times: [0.3], from: source, compute: Compute())
    var state = estimator.initialState()
    var context = FlowContext(chunk: chunk, leftContext: nil, prompt: 0)
    let parts = ["est.x", "est.mu", "est.cond"].map {
      FlowFixtures.plain($0, rows: 66, columns: 20)
    }
    let speaker = FlowFixtures.plain("est.spk", rows: 1, columns: 20)
    let rows = (0..<66).flatMap {
      parts[0].row($0) + parts[1].row($0) + speaker.row(0) + parts[2].row($0)
    }
    let x = Matrix(rows: 66, columns: 80, values: rows)
    var velocity: [Float] = []
    for start in stride(from: 0, to: 66, by: chunk) {
      let range = start..<min(start + chunk, 66)
      let span = context.advance(rows: range.count)
      velocity += estimator(x.rows(range), step: 0, span: span, state: &state).values
    }
    #expect(largestDifference(velocity, try golden(name)) < 5e-5)
  }
}

struct FlowCostTests {
  @Test func `the published size costs 132 GFLOP per second of speech`() {
    let cost = FlowConfiguration().cost(seeing: 50)
    // 71.3 M weights less those of the time, 20 times for 50 frames; 29 M of the encoder.
    #expect(abs(Double(cost.weightProducts) / 6.76e10 - 1) < 0.03)
    // 10 steps of 2 sequences of 56 layers of keys and values of 512 numbers of 4 bytes: 4.6 MB.
    #expect(abs(Double(cost.cacheBytes) / 50 / 4.6e6 - 1) < 0.02)
    #expect(cost.seconds == 1)
  }

  @Test(arguments: [1, 2, 5])
  func `the cost of caches is what a decoder holds`(steps: Int) throws {
    var sizes = FlowFixtures.tiny
    sizes.steps = steps
    var decoder = try FlowFixtures.decoder(sizes, prompt: FlowFixtures.prompt(tokens: 0))
    _ = decoder.step(Array(FlowFixtures.tokens[..<8]), ended: false)
    let before = decoder.cacheByteCount
    _ = decoder.step(Array(FlowFixtures.tokens[8..<13]), ended: false)
    // Within the first block of distances only keys and values grow.
    #expect(decoder.cacheByteCount - before == sizes.cost(seeing: 20).cacheBytes)
  }
}
