import Checkpoints
import Kernels
import SpeechModel
import TestSupport
import Testing

@Suite struct LanguageModelTests {
  @Test(arguments: 0..<8)
  func `a step of several positions equals steps of one`(seed: Int) throws {
    for tiny in try TinyLanguageModel.all() {
      var (whole, single) = (try tiny.model(), try tiny.model())
      let x = plainMatrix("positions.\(seed)", rows: 3 + seed, columns: 32)
      let expected = try whole.stepEach(x, tapLayer: tiny.tapLayer)
      var logits: [Float] = []
      var tapped: [Float] = []
      for row in 0..<x.rows {
        let output = try single.step(x.rows(row..<row + 1), tapLayer: tiny.tapLayer)
        logits += output.logits
        tapped += output.tapped
      }
      #expect(largestDifference(logits, expected.logits.values) < 1e-5)
      #expect(largestDifference(tapped, try #require(expected.tapped).values) < 1e-5)
    }
  }

  @Test(arguments: 0..<8)
  func `a later position changes nothing before it`(seed: Int) throws {
    let tiny = try TinyLanguageModel.scaled()
    let x = plainMatrix("causal.\(seed)", rows: 9, columns: 32)
    var changed = x
    let row = 1 + seed
    for column in 0..<32 { changed[row, column] += 1 }
    var (a, b) = (try tiny.model(), try tiny.model())
    let before = try a.stepEach(x).logits
    let after = try b.stepEach(changed).logits
    #expect(before.rows(0..<row) == after.rows(0..<row))
    #expect(before.rows(row..<row + 1) != after.rows(row..<row + 1))
  }

  @Test func `feeding a long context gives what steps give`() throws {
    let tiny = try TinyLanguageModel.scaled()
    let x = plainMatrix("context", rows: 300, columns: 32)
    var (fed, stepped) = (try tiny.model(), try tiny.model())
    try fed.feed(x)
    _ = try stepped.stepEach(x)
    let next = plainMatrix("next", rows: 1, columns: 32)
    let (a, b) = (try fed.step(next), try stepped.step(next))
    #expect(largestDifference(a.logits, b.logits) < 1e-5)
    #expect(fed.position == 301)
  }

  @Test func `a full context refuses another position and stays as it was`() throws {
    var model = try TinyLanguageModel.scaled().model(capacity: 7)
    let x = plainMatrix("full", rows: 6, columns: 32)
    _ = try model.step(x)
    let snapshot = model
    let refusal = ContextFull(capacity: 7, position: 6, asked: 2)
    #expect(throws: refusal) { try model.step(x.rows(0..<2)) }
    #expect(throws: refusal) { try model.feed(x.rows(0..<2)) }
    #expect(model.position == 6)
    var copy = snapshot
    #expect(try model.step(x.rows(0..<1)) == copy.step(x.rows(0..<1)))
    #expect(throws: ContextFull(capacity: 7, position: 7, asked: 1)) {
      try model.step(x.rows(0..<1))
    }
  }

  @Test(arguments: 1..<8)
  func `going back to a position repeats every bit`(back: Int) throws {
    let tiny = try TinyLanguageModel.scaled()
    var model = try tiny.model()
    let x = plainMatrix("rollback", rows: 16, columns: 32)
    try model.feed(x.rows(0..<8))
    let first = try model.step(x.rows(8..<8 + back), tapLayer: 1)
    _ = try model.step(x.rows(8 + back..<16))
    model.truncate(to: 8)
    #expect(try model.step(x.rows(8..<8 + back), tapLayer: 1) == first)
  }

  @Test func `a copy goes its own way and repeats every bit`() throws {
    var model = try TinyLanguageModel.scaled().model()
    var stream = GoldenStream()
    for step in 0..<20 { _ = try stream.step(step, &model) }
    var copy = (model: model, stream: stream)
    var (first, second): ([LanguageOutput], [LanguageOutput]) = ([], [])
    for step in 20..<40 { first.append(try stream.step(step, &model)) }
    for step in 20..<40 { second.append(try copy.stream.step(step, &copy.model)) }
    #expect(first == second)
  }

  @Test func `a reset model equals a fresh one`() throws {
    let tiny = try TinyLanguageModel.scaled()
    var (used, fresh) = (try tiny.model(), try tiny.model())
    _ = try used.step(plainMatrix("before", rows: 9, columns: 32))
    used.reset()
    let x = plainMatrix("after", rows: 5, columns: 32)
    #expect(try used.step(x, tapLayer: 2) == fresh.step(x, tapLayer: 2))
  }

  @Test func `the number of threads changes no bit`() throws {
    let tiny = try TinyLanguageModel.scaled()
    var (one, three) = (try tiny.model(threads: 1), try tiny.model(threads: 3))
    let x = plainMatrix("threads", rows: 40, columns: 32)
    #expect(try one.stepEach(x, tapLayer: 2) == three.stepEach(x, tapLayer: 2))
  }

  @Test func `tied logits are products with the embeddings`() throws {
    let tiny = try TinyLanguageModel.scaled()
    var model = try tiny.model()
    let output = try model.step(model.embeddings(of: [4, 8]), tapLayer: 3)
    let expected = (0..<32).map { token in
      zip(model.embedding(of: token), output.tapped).reduce(Float(0)) { $0 + $1.0 * $1.1 }
    }
    #expect(largestDifference(output.logits, expected) < 1e-5)
  }

  @Test func `layer 0 is the input`() throws {
    var model = try TinyLanguageModel.scaled().model()
    let x = plainMatrix("input", rows: 2, columns: 32)
    #expect(try model.step(x, tapLayer: 0).tapped == Array(x.row(1)))
  }

  @Test(arguments: [
    "lm_head.weight", "model.embed_tokens.weight", "model.norm.weight",
    "model.layers.2.self_attn.k_proj.weight", "model.layers.1.mlp.down_proj.weight",
    "model.layers.0.post_attention_layernorm.weight",
  ])
  func `a tensor that is missing or has another shape is named`(name: String) throws {
    let configuration = try TinyLanguageModel.llama()
    for shape in [nil, [3, 5]] {
      var shapes = configuration.tensorShapes()
      shapes[name] = shape
      let error = #expect(throws: CheckpointError.self) {
        try LanguageModel(
          configuration: configuration, from: FilledTensors(shapes: shapes), capacity: 8,
          compute: Compute())
      }
      #expect(error?.subject == name)
    }
  }

  @Test func `a bias that the configuration asks for must be there`() throws {
    let configuration = try TinyLanguageModel.qwen2()
    var shapes = configuration.tensorShapes()
    let name = "model.layers.0.self_attn.v_proj.bias"
    shapes[name] = nil
    let error = #expect(throws: CheckpointError.self) {
      try LanguageModel(
        configuration: configuration, from: FilledTensors(shapes: shapes), capacity: 8,
        compute: Compute())
    }
    #expect(error?.subject == name)
  }
}
