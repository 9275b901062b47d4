import Checkpoints
import Kernels
import SpeechModel
import TestSupport
import Testing

/// The flow module at its published size, with filled weights, against reference numbers.
@Suite(.serialized) struct FlowFullSizeTests {
  private let source = FilledTensors(shapes: FlowConfiguration().tensorShapes)
  private let compute = Compute(threads: 2)
  private let tokens = (0..<28).map { (641 * $0 + 7) % 6561 }
  private let prompt = VoicePrompt(
    tokens: (0..<25).map { (331 * $0 + 5) % 6561 },
    mel: FlowFixtures.plain("flow.prompt_feat", rows: 50, columns: 80),
    speaker: FlowFixtures.plain("flow.spk", rows: 1, columns: 192).values)

  private func rms(_ x: Matrix) -> Float {
    let sum = x.values.reduce(0.0) { $0 + Double($1) * Double($1) }
    return Float((sum / Double(x.values.count)).squareRoot())
  }

  @Test func `there are as many weights as published`() {
    let shapes = FlowConfiguration().tensorShapes
    #expect(shapes.values.reduce(0) { $0 + $1.reduce(1, *) } == 112_549_360)
  }

  @Test func `the encoder gives the reference mean`() throws {
    var encoder = try FlowEncoder(
      "", FlowConfiguration(), prompt: 25, from: source, compute: compute)
    let all = prompt.tokens + tokens
    let mean = encoder.step(all[..<25], lookahead: all[25..<28]).mean
    let expected: [Float] = [
      1.287335, 0.854209, -0.344906, 0.218098, -1.787937, 0.285967, -0.319873, 0.232410,
    ]
    #expect(largestDifference(Array(mean.row(0).prefix(8)), expected) < 1e-4)
  }

  @Test func `chunk after chunk gives the reference frames`() throws {
    var decoder = try FlowDecoder(
      FlowConfiguration(), from: source, prompt: prompt, compute: compute)
    let early = decoder.step(tokens, ended: false)
    let expected: [Float] = [
      0.612676, 3.479306, 1.949295, -0.671925, 1.569589, -0.678676, 0.159831, 1.093724,
    ]
    #expect(early.rows == 50)
    #expect(largestDifference(Array(early.row(0).prefix(8)), expected) < 5e-4)
    #expect(abs(rms(early) - 1.303_519_0) < 2e-5)
    let all = early.appending(decoder.step([], ended: true))
    #expect(all.rows == 56)
    #expect(abs(rms(all) - 1.302_442_5) < 2e-5)
  }

  @Test func `one pass without a mask gives the reference frames`() throws {
    var sizes = FlowConfiguration()
    sizes.chunk = 1000
    var decoder = try FlowDecoder(sizes, from: source, prompt: prompt, compute: compute)
    let frames = decoder.step(tokens, ended: true)
    let expected: [Float] = [
      0.347209, 3.349291, 1.949391, -0.595399, 1.772352, -0.467354, 0.325287, 0.986923,
    ]
    #expect(largestDifference(Array(frames.row(0).prefix(8)), expected) < 5e-4)
    #expect(abs(rms(frames) - 1.302_578_3) < 2e-5)
  }
}
