import Checkpoints
import Kernels
import SpeechModel
import TestSupport
import Testing

@Suite struct DualStreamEncoderTests {
  private static let variants = MambaEncoderTests.variants

  /// Feeds both streams in pieces of some blocks.
  private static func run(
    _ encoder: inout DualStreamEncoder, blocks: Int, each: Int = 1
  ) throws -> StreamEmbeddings {
    var result = StreamEmbeddings(
      environment: Matrix(rows: 0, columns: 24), assistant: Matrix(rows: 0, columns: 24))
    let environment = EncoderFixtures.environment(blocks: blocks)
    let assistant = EncoderFixtures.assistant(blocks: blocks)
    for start in stride(from: 0, to: blocks * 1280, by: each * 1280) {
      let range = start..<min(start + each * 1280, blocks * 1280)
      let embeddings = try encoder.step(
        environment: Array(environment[range]), assistant: Array(assistant[range]))
      result.environment = result.environment.appending(embeddings.environment)
      result.assistant = result.assistant.appending(embeddings.assistant)
    }
    return result
  }

  @Test(arguments: variants)
  func `embeddings of 25 blocks equal PyTorch's`(variant: MambaConfiguration.Variant) throws {
    var encoder = try EncoderFixtures.dual(variant)
    let found = try Self.run(&encoder, blocks: 25)
    let name = variant.rawValue
    let environment = try EncoderFixtures.golden("encoder", "\(name).environment", 25, 24)
    let assistant = try EncoderFixtures.golden("encoder", "\(name).assistant", 25, 24)
    #expect(relativeError(found.environment.values, environment) < 1e-3)
    #expect(relativeError(found.assistant.values, assistant) < 1e-3)
  }

  @Test(arguments: variants)
  func `two streams at once equal two encoders`(variant: MambaConfiguration.Variant) throws {
    var dual = try EncoderFixtures.dual(variant)
    let found = try Self.run(&dual, blocks: 10)
    let connector = try EncoderFixtures.connector(EncoderFixtures.connector)
    var environment = try EncoderFixtures.encoder(variant)
    var assistant = environment
    for block in 0..<10 {
      let range = block * 1280..<(block + 1) * 1280
      let expected = [
        connector(
          try environment.step(Array(EncoderFixtures.environment(blocks: 10)[range])), .environment),
        connector(
          try assistant.step(Array(EncoderFixtures.assistant(blocks: 10)[range])), .assistant),
      ]
      let rows = block..<block + 1
      #expect(relativeError(found.environment.rows(rows).values, expected[0].values) < 1e-5)
      #expect(relativeError(found.assistant.rows(rows).values, expected[1].values) < 1e-5)
    }
  }

  @Test(arguments: variants, [2, 3, 12])
  func `steps of several blocks equal single ones`(
    variant: MambaConfiguration.Variant, each: Int
  ) throws {
    var (one, other) = (try EncoderFixtures.dual(variant), try EncoderFixtures.dual(variant))
    let expected = try Self.run(&one, blocks: 12)
    let found = try Self.run(&other, blocks: 12, each: each)
    #expect(relativeError(found.environment.values, expected.environment.values) < 1e-5)
    #expect(relativeError(found.assistant.values, expected.assistant.values) < 1e-5)
  }

  @Test func `the streams do not hear each other`() throws {
    var (one, other) = (try EncoderFixtures.dual(.mamba2), try EncoderFixtures.dual(.mamba2))
    let block = EncoderFixtures.environment(blocks: 2)
    let silence = [Float](repeating: 0, count: block.count)
    let alone = try one.step(environment: block, assistant: silence)
    let both = try other.step(
      environment: block, assistant: EncoderFixtures.assistant(blocks: 2))
    #expect(alone.environment == both.environment)
    #expect(alone.assistant != both.assistant)
  }

  @Test(arguments: variants)
  func `a reset pair equals a fresh one, and a copy repeats every bit`(
    variant: MambaConfiguration.Variant
  ) throws {
    var encoder = try EncoderFixtures.dual(variant)
    let expected = try Self.run(&encoder, blocks: 3)
    var copy = encoder
    let again = try Self.run(&copy, blocks: 3)
    #expect(try Self.run(&encoder, blocks: 3) == again)
    encoder.reset()
    #expect(try Self.run(&encoder, blocks: 3) == expected)
  }

  @Test func `a pair holds twice the state of one encoder`() throws {
    let one = try EncoderFixtures.encoder(.mamba)
    let connector = try EncoderFixtures.connector(EncoderFixtures.connector)
    #expect(try DualStreamEncoder(one, connector).stateByteCount == 2 * one.stateByteCount)
  }

  @Test func `a spoilt stream is reported`() throws {
    var encoder = try EncoderFixtures.dual(.mamba)
    var samples = EncoderFixtures.assistant(blocks: 1)
    samples[1279] = .nan
    #expect(throws: SpeechModelError.self) {
      try encoder.step(
        environment: EncoderFixtures.environment(blocks: 1), assistant: samples)
    }
  }

  @Test func `a connector of another width is refused`() throws {
    let one = try EncoderFixtures.encoder(.mamba)
    var configuration = EncoderFixtures.connector
    configuration.width = 16
    let narrow = try EncoderFixtures.connector(configuration)
    #expect(throws: CheckpointError.self) { _ = try DualStreamEncoder(one, narrow) }
    configuration.width = 32
    configuration.framesPerBlock = 4
    let long = try EncoderFixtures.connector(configuration)
    #expect(throws: CheckpointError.self) { _ = try DualStreamEncoder(one, long) }
  }
}

@Suite struct ConnectorTests {
  @Test func `as many embeddings come out as configured`() throws {
    var configuration = EncoderFixtures.connector
    let frames = EncoderFixtures.frames("connector", 4, 32)
    #expect(try EncoderFixtures.connector(configuration)(frames, .environment).rows == 2)
    configuration.embeddingsPerBlock = 2
    #expect(try EncoderFixtures.connector(configuration)(frames, .environment).rows == 4)
  }

  @Test func `embeddings that do not divide the frames are refused`() {
    var configuration = EncoderFixtures.connector
    configuration.embeddingsPerBlock = 3
    let error = #expect(throws: CheckpointError.self) { try configuration.validate() }
    #expect(error?.subject == "embeddingsPerBlock")
  }

  @Test func `the streams differ by their tags`() throws {
    let connector = try EncoderFixtures.connector(EncoderFixtures.connector)
    let frames = EncoderFixtures.frames("connector", 2, 32)
    let tags = FilledTensors.values(name: "connector.tag.weight", shape: [2, 24])
    let (one, other) = (connector(frames, .environment), connector(frames, .assistant))
    for i in 0..<24 {
      #expect(abs(one.values[i] - other.values[i] - (tags[i] - tags[24 + i])) < 1e-5)
    }
  }
}
