import Checkpoints
import Kernels
import SpeechModel
import TestSupport
import Testing

struct FlowDecoderTests {
  private let tokens = FlowFixtures.tokens

  private func golden(_ name: String) throws -> Matrix {
    let file = try SafeTensorsFile(path: Goldens.path("flow/flow.safetensors"))
    let shape = try #require(file.info(name)?.shape)
    return Matrix(rows: shape[0], columns: shape[1], values: try file.values(name, shape: shape))
  }

  /// All frames of the tokens, fed in pieces of a size.
  private func frames(
    _ decoder: inout FlowDecoder, _ tokens: [Int], by size: Int, ended: Bool = true
  ) -> Matrix {
    var frames = Matrix(rows: 0, columns: decoder.configuration.melBins)
    for start in stride(from: 0, to: tokens.count, by: size) {
      let piece = Array(tokens[start..<min(start + size, tokens.count)])
      frames = frames.appending(decoder.step(piece, ended: false))
    }
    return ended ? frames.appending(decoder.step([], ended: true)) : frames
  }

  @Test(arguments: [1, 2, 3, 4, 6, 26])
  func `pieces of any size repeat the whole pass under the streaming mask`(size: Int) throws {
    var decoder = try FlowFixtures.decoder()
    let found = frames(&decoder, tokens, by: size)
    #expect(largestDifference(found.values, try golden("mel").values) < 1e-4)
  }

  @Test func `what comes before the end is the unended pass`() throws {
    var decoder = try FlowFixtures.decoder()
    let found = frames(&decoder, tokens, by: 2, ended: false)
    #expect(largestDifference(found.values, try golden("mel.unended").values) < 1e-4)
  }

  @Test(arguments: [1, 4, 26])
  func `a bounded context repeats the whole pass under the bounded mask`(size: Int) throws {
    var sizes = FlowFixtures.tiny
    sizes.leftContext = 1
    var decoder = try FlowFixtures.decoder(sizes)
    let found = frames(&decoder, tokens, by: size)
    #expect(largestDifference(found.values, try golden("mel.window").values) < 1e-4)
    #expect(relativeError(found.values, try golden("mel").values) > 0.01)
  }

  @Test func `a chunk longer than the sentence is the pass without a mask`() throws {
    var sizes = FlowFixtures.tiny
    sizes.chunk = 1000
    var decoder = try FlowFixtures.decoder(sizes)
    let found = frames(&decoder, tokens, by: 5)
    #expect(largestDifference(found.values, try golden("mel.full").values) < 1e-4)
  }

  @Test func `without guidance the velocity is that under conditions`() throws {
    var sizes = FlowFixtures.tiny
    sizes.guidance = 0
    var decoder = try FlowFixtures.decoder(sizes)
    let found = frames(&decoder, tokens, by: 3)
    #expect(largestDifference(found.values, try golden("mel.unguided").values) < 1e-4)
  }

  @Test func `frames come as soon as a chunk and its look-ahead are there`() throws {
    var decoder = try FlowFixtures.decoder()
    // 7 prompt tokens: the chunk 5..<10 needs the tokens up to 13, which is 6 new ones.
    #expect(decoder.step(Array(tokens[..<5]), ended: false).rows == 0)
    #expect(decoder.step([tokens[5]], ended: false).rows == 6)
    #expect(decoder.step(Array(tokens[6..<10]), ended: false).rows == 0)
    #expect(decoder.step([tokens[10]], ended: false).rows == 10)
    #expect(decoder.step([], ended: true).rows == 6)
  }

  @Test(arguments: [nil, 1])
  func `what comes after the look-ahead changes no frame`(leftContext: Int?) throws {
    var sizes = FlowFixtures.tiny
    sizes.leftContext = leftContext
    var decoder = try FlowFixtures.decoder(sizes)
    var other = decoder
    let early = frames(&decoder, Array(tokens[..<16]), by: 4, ended: false)
    let changed = tokens[..<16] + tokens[16...].map { 49 - $0 }
    let late = frames(&other, Array(changed), by: 26)
    #expect(early.rows == 26)
    #expect(early == late.rows(0..<26))
  }

  @Test(arguments: [nil, 2])
  func `a reset repeats every bit`(leftContext: Int?) throws {
    var sizes = FlowFixtures.tiny
    sizes.leftContext = leftContext
    var decoder = try FlowFixtures.decoder(sizes)
    let first = frames(&decoder, tokens, by: 3)
    decoder.reset()
    _ = frames(&decoder, Array(tokens.reversed()), by: 4, ended: false)
    decoder.reset()
    let again = frames(&decoder, tokens, by: 5)
    #expect(first == again)
  }

  @Test func `a copy goes on alone`() throws {
    var decoder = try FlowFixtures.decoder()
    _ = decoder.step(Array(tokens[..<12]), ended: false)
    var copy = decoder
    _ = copy.step(Array(tokens[..<9]), ended: true)
    copy = decoder
    let rest = Array(tokens[12...])
    #expect(decoder.step(rest, ended: true) == copy.step(rest, ended: true))
  }

  @Test(arguments: [0, 3, 8, 11, 13])
  func `the prompt may end anywhere in a chunk`(count: Int) throws {
    let prompt = FlowFixtures.prompt(tokens: count)
    var bounded = FlowFixtures.tiny
    bounded.leftContext = 9
    var decoder = try FlowFixtures.decoder(prompt: prompt)
    var other = try FlowFixtures.decoder(bounded, prompt: prompt)
    let found = frames(&decoder, tokens, by: 2)
    #expect(found.rows == 2 * tokens.count)
    // A bound that nothing reaches changes nothing but the order of memory.
    #expect(largestDifference(frames(&other, tokens, by: 7).values, found.values) < 1e-4)
  }

  @Test func `a bounded context keeps the memory of caches flat`() throws {
    var sizes = FlowFixtures.tiny
    sizes.leftContext = 2
    var decoder = try FlowFixtures.decoder(sizes)
    var sizesInBytes: [Int] = []
    for _ in 0..<40 {
      _ = decoder.step(Array(tokens[..<25]), ended: false)
      sizesInBytes.append(decoder.cacheByteCount)
    }
    // Encodings of distances come and go in blocks.
    #expect(sizesInBytes[20...].max() == sizesInBytes[..<20].max())
    #expect(sizesInBytes[39] < sizesInBytes[0] * 2)
  }

  @Test func `the number of threads changes no bit`() throws {
    var one = try FlowFixtures.decoder(threads: 1)
    var two = try FlowFixtures.decoder(threads: 2)
    #expect(frames(&one, tokens, by: 6) == frames(&two, tokens, by: 6))
  }

  @Test func `a prompt that does not fit is refused by name`() throws {
    let prompt = FlowFixtures.prompt()
    let wrong = [
      ("tokens", VoicePrompt(tokens: [50], mel: prompt.mel.rows(0..<2), speaker: prompt.speaker)),
      ("mel", VoicePrompt(tokens: [1], mel: prompt.mel, speaker: prompt.speaker)),
      ("speaker", VoicePrompt(tokens: prompt.tokens, mel: prompt.mel, speaker: [1])),
    ]
    for (name, prompt) in wrong {
      let error = #expect(throws: CheckpointError.self) {
        try FlowFixtures.decoder(prompt: prompt)
      }
      #expect(error?.subject == "prompt.\(name)")
    }
  }

  @Test func `a missing tensor is named`() throws {
    var shapes = FlowFixtures.tiny.tensorShapes
    shapes["encoder.encoders.1.self_attn.pos_bias_v"] = nil
    let error = #expect(throws: CheckpointError.self) {
      try FlowDecoder(
        FlowFixtures.tiny, from: FilledTensors(shapes: shapes), prompt: FlowFixtures.prompt(),
        compute: Compute())
    }
    #expect(error?.subject == "encoder.encoders.1.self_attn.pos_bias_v")
  }
}
