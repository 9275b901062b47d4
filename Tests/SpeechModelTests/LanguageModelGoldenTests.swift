import Checkpoints
import Kernels
import SpeechModel
import TestSupport
import Testing

/// Agreement with Hugging Face's models over 200 steps, 600 positions.
@Suite struct LanguageModelGoldenTests {
  static let kept = 4

  @Test(arguments: try TinyLanguageModel.all())
  func `200 streamed steps give the reference's tokens, logits and hidden states`(
    tiny: TinyLanguageModel
  ) throws {
    try Self.check(try tiny.model(), golden: tiny.name, tapLayer: tiny.tapLayer)
  }

  static func check(_ model: LanguageModel, golden name: String, tapLayer: Int) throws {
    let golden = try SafeTensorsFile(path: Goldens.path("language/\(name).safetensors"))
    let count = GoldenStream.steps
    let tokens = try golden.values("tokens", shape: [count]).map { Int($0) }
    let logits = try golden.values("logits", shape: [count / kept, 32])
    let tapped = try golden.values("tapped", shape: [count / kept, 32])
    var (model, stream) = (model, GoldenStream())
    var found = (tokens: [Int](), logits: [Float](), tapped: [Float]())
    for step in 0..<count {
      let output = try stream.step(step, &model, tapLayer: tapLayer)
      found.tokens.append(stream.token)
      guard step % kept == kept - 1 else { continue }
      found.logits += output.logits
      found.tapped += output.tapped
    }
    #expect(found.tokens == tokens)
    #expect(relativeError(found.logits, logits) < 1e-4)
    #expect(relativeError(found.tapped, tapped) < 1e-4)
    #expect(model.position == 600)
  }

  @Test func `Llama with scaled rotation gives the known logits and hidden state`() throws {
    let configuration = try LlamaConfiguration(
      hiddenSize: 32, intermediateSize: 64, layers: 2, heads: 4, keyValueHeads: 2,
      vocabularySize: 32, maximumPositions: 2048, normEpsilon: 1e-5,
      rotary: RotaryConfiguration(base: 500_000, scaling: TinyLanguageModel.llama3),
      tiesEmbeddings: true)
    var model = try LanguageModel(
      configuration: configuration, from: TinyLanguageModel.tensors(configuration), capacity: 8,
      compute: Compute())
    let output = try model.stepEach(model.embeddings(of: [1, 5, 9, 2, 30, 7]), tapLayer: 1)
    #expect((0..<6).map { greedy(output.logits.row($0)) } == [18, 9, 9, 26, 26, 26])
    let last = Array(output.logits.row(5))
    Self.expect(
      last,
      first: [
        0.041905, -0.123254, -1.335327, -0.695393, 0.421395, -0.458568, -0.622038, -0.456741,
      ], rms: 1.0436390)
    #expect(abs(last[31] + 0.163834) < 1e-5)
    Self.expect(
      Array(try #require(output.tapped).row(5)),
      first: [-0.373613, 1.067116, -1.101374, 0.504305, 0.989031, 0.732868, 0.459981, 0.054588],
      rms: 0.7239048)
  }

  @Test func `Qwen2 gives the known hidden states`() throws {
    let configuration = try TinyLanguageModel.qwen2()
    let prefix = "llm.model.model."
    var transformer = try Transformer(
      configuration: configuration,
      from: TinyLanguageModel.tensors(configuration, prefix: prefix), prefix: prefix, capacity: 8,
      compute: Compute())
    let hidden = try transformer.step(plainMatrix("qwen.in", rows: 7, columns: 32)).hidden
    Self.expect(
      Array(hidden.row(0)),
      first: [
        -0.2344013, 0.7281539, -0.2068809, 1.8015895, 0.0762183, 1.0161499, -0.2068791, 0.8815354,
      ], rms: 1.0273589)
    Self.expect(
      Array(hidden.row(6)),
      first: [
        0.2071885, -0.0120196, 0.0328738, 3.0648949, -0.5228829, -0.4813139, -0.6377954,
        -0.3533294,
      ], rms: 1.0278566)
  }

  private static func expect(_ found: [Float], first: [Float], rms: Float) {
    #expect(largestDifference(Array(found.prefix(first.count)), first) < 1e-5)
    let squares = found.reduce(0) { $0 + $1 * $1 }
    #expect(abs((squares / Float(found.count)).squareRoot() - rms) < 1e-5)
  }
}
