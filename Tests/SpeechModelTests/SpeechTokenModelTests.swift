import Checkpoints
import Kernels
import SpeechModel
import TestSupport
import Testing

@Suite struct SpeechTokenModelTests {
  typealias Mode = SpeechTokenConfiguration.Mode

  static func drawn(_ seed: UInt64) -> SpeechTokenSampling {
    .repetitionAware(RepetitionAwareSampler.Configuration(), seed: seed)
  }

  /// Speaks a text that comes in pieces of changing size, a few codes a step.
  private func speak(
    _ text: Matrix, with model: inout SpeechTokenModel, split: inout SeededRandom,
    maximumTokens: Int
  ) -> SpeechTokens {
    var (sent, tokens): (Int, [Int]) = (0, [])
    for _ in 0..<10_000 {
      let count = min(Int.random(in: 0...3, using: &split), text.rows - sent)
      let output = model.step(
        text.rows(sent..<sent + count), textEnded: sent + count == text.rows,
        maximumTokens: maximumTokens)
      sent += count
      #expect(output.tokens.count <= maximumTokens)
      tokens += output.tokens
      if output.ended { return SpeechTokens(tokens: tokens, end: output.end) }
    }
    Issue.record("the speech never ended")
    return SpeechTokens(tokens: [], end: nil)
  }

  @Test(arguments: [Mode.fill, .chunk], 0..<8)
  func `any split of the text and of the work gives the same codes`(
    mode: Mode, seed: UInt64
  ) throws {
    let text = TinySpeechTokenModel.text("split.\(seed)", 21)
    let fresh = try TinySpeechTokenModel.model(mode, 4, 12, sampling: Self.drawn(seed))
    var (whole, parts) = (fresh, fresh)
    let expected = whole.step(text, textEnded: true)
    var split = SeededRandom(seed: seed)
    let found = speak(text, with: &parts, split: &split, maximumTokens: 1 + Int(seed) % 3)
    #expect(found == expected)
    #expect(expected.ended && !expected.tokens.isEmpty)
    #expect(expected.tokens.allSatisfy { (0..<TinySpeechTokenModel.codes).contains($0) })
  }

  @Test func `codes come as soon as a chunk of text is there`() throws {
    var model = try TinySpeechTokenModel.model(.chunk, 4, 12)
    let text = TinySpeechTokenModel.text("early", 9)
    #expect(model.step(text.rows(0..<3), textEnded: false).tokens.isEmpty)
    #expect(model.step(text.rows(3..<4), textEnded: false).tokens.count == 12)
    #expect(model.step(text.rows(4..<8), textEnded: false, maximumTokens: 5).tokens.count == 5)
    #expect(model.step(text.rows(8..<9), textEnded: false).tokens.count == 7)
    #expect(model.step(TinySpeechTokenModel.none, textEnded: false).tokens.isEmpty)
    #expect(model.produced == 24)
  }

  @Test(arguments: 0..<8)
  func `later text changes no earlier code`(seed: UInt64) throws {
    var model = try TinySpeechTokenModel.model(.fill, 5, 15, sampling: Self.drawn(seed))
    let text = TinySpeechTokenModel.text("causal.\(seed)", 15)
    let first = model.step(text.rows(0..<10), textEnded: false).tokens
    var other = model
    let a = model.step(text.rows(10..<15), textEnded: true).tokens
    let b = other.step(TinySpeechTokenModel.text("other", 5), textEnded: true).tokens
    #expect(!first.isEmpty && a != b)
  }

  @Test(arguments: [Mode.fill, .chunk])
  func `speech that never ends is cut at the limit`(mode: Mode) throws {
    let shapes = try TinySpeechTokenModel.tensors
    var bias = FilledTensors.values(name: "llm_decoder.bias", shape: [30])
    bias[TinySpeechTokenModel.codes] = -1_000
    let endless = Overridden(tensors: shapes, name: "llm_decoder.bias", values: bias)
    var model = try SpeechTokenModel(
      configuration: TinySpeechTokenModel.configuration(mode, 5, 15), from: endless,
      capacity: 1_000, sampling: .greedy, compute: Compute())
    let output = model.step(TinySpeechTokenModel.text("endless", 7), textEnded: true)
    #expect(output.end == .limit)
    #expect(output.tokens.count == 7 * (mode == .fill ? 20 : 15))
    let after = model.step(TinySpeechTokenModel.none, textEnded: true)
    #expect(after == SpeechTokens(tokens: [], end: .limit))
  }

  @Test func `a full context ends the speech`() throws {
    var model = try TinySpeechTokenModel.model(.chunk, 4, 12, capacity: 12)
    let output = model.step(TinySpeechTokenModel.text("full", 8), textEnded: true)
    // Start, four text positions and seven codes fit; the last of eight codes needs no room.
    #expect(output.end == .capacity)
    #expect(output.tokens.count == 8)
    #expect(model.position == 12)
  }

  @Test func `a text without any position gives no speech`() throws {
    var model = try TinySpeechTokenModel.model(.chunk, 4, 12)
    #expect(
      model.step(TinySpeechTokenModel.none, textEnded: true)
        == SpeechTokens(tokens: [], end: .limit))
  }

  @Test func `broken weights end the speech`() throws {
    let broken = Overridden(
      tensors: try TinySpeechTokenModel.tensors, name: "llm_decoder.bias",
      values: [Float](repeating: .nan, count: 30))
    var model = try SpeechTokenModel(
      configuration: TinySpeechTokenModel.configuration(.chunk, 4, 12), from: broken,
      capacity: 100, sampling: Self.drawn(1), compute: Compute())
    let output = model.step(TinySpeechTokenModel.text("broken", 5), textEnded: true)
    #expect(output == SpeechTokens(tokens: [], end: .notFinite))
  }

  @Test(arguments: 0..<8)
  func `a copy repeats every code, drawn ones too`(seed: UInt64) throws {
    var model = try TinySpeechTokenModel.model(.chunk, 4, 12, sampling: Self.drawn(seed))
    let text = TinySpeechTokenModel.text("copy", 10)
    _ = model.step(text.rows(0..<6), textEnded: false, maximumTokens: 7)
    var copy = model
    let expected = model.step(text.rows(6..<10), textEnded: true)
    let found = copy.step(text.rows(6..<10), textEnded: true)
    #expect(found == expected)
  }

  @Test(arguments: 0..<8)
  func `a reset model equals a fresh one`(seed: UInt64) throws {
    let fresh = try TinySpeechTokenModel.model(.fill, 5, 15, sampling: Self.drawn(seed))
    var (used, new) = (fresh, fresh)
    _ = used.step(TinySpeechTokenModel.text("before", 9), textEnded: true)
    used.reset()
    let text = TinySpeechTokenModel.text("after", 12)
    let (found, expected) = (used.step(text, textEnded: true), new.step(text, textEnded: true))
    #expect(found == expected)
  }

  @Test func `seeds differ`() throws {
    let text = TinySpeechTokenModel.text("seeds", 12)
    let spoken = try (0..<UInt64(4)).map { seed in
      var model = try TinySpeechTokenModel.model(.chunk, 4, 12, sampling: Self.drawn(seed))
      return model.step(text, textEnded: true).tokens
    }
    #expect(Set(spoken).count == 4)
  }

  @Test func `a prompt is taken in before the first step`() throws {
    var model = try TinySpeechTokenModel.model(.chunk, 4, 12)
    let text = TinySpeechTokenModel.text("prompt", 5)
    model.reset(prompt: SpeechPrompt(text: text.rows(0..<5), tokens: [3, 1, 4, 1, 5]))
    // Start, four text positions and four codes; the fifth waits for the first step.
    #expect(model.position == 9)
    #expect(model.produced == 0)
    #expect(model.step(TinySpeechTokenModel.none, textEnded: false).tokens.count == 7)
  }

  @Test func `text tokens have embeddings where the checkpoint holds them`() throws {
    let model = try TinySpeechTokenModel.model(.fill, 5, 15)
    let table = FilledTensors.values(
      name: "llm.model.model.embed_tokens.weight", shape: [32, 32])
    let found = try #require(model.embeddings(ofText: [3, 31]))
    #expect(found.values == Array(table[96..<128] + table[992..<1024]))
  }

  @Test(arguments: [
    (codes: 0, text: 5, speech: 15, key: "codes"), (27, 0, 15, "text_chunk"),
    (27, 5, 0, "speech_chunk"), (27, 5, 101, "speech_chunk"),
  ])
  func `sizes out of range are named`(codes: Int, text: Int, speech: Int, key: String) throws {
    let error = #expect(throws: CheckpointError.self) {
      try SpeechTokenConfiguration(
        transformer: TinyLanguageModel.qwen2(), codes: codes, textChunk: text,
        speechChunk: speech)
    }
    #expect(error?.subject == key)
  }
}

/// Tensors of which one has other values.
private struct Overridden: TensorSource {
  let tensors: FilledTensors
  let name: String
  let values: [Float]

  var names: [String] { tensors.names }
  func info(_ name: String) -> TensorInfo? { tensors.info(name) }
  func matrix(
    _ name: String, rows: Int, columns: Int
  ) throws(CheckpointError) -> WeightMatrix {
    name == self.name
      ? WeightMatrix(rows: rows, columns: columns, values: values)
      : try tensors.matrix(name, rows: rows, columns: columns)
  }
}
