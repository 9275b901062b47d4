import Checkpoints
import Kernels
import SpeechModel
import TestSupport
import Testing

/// Agreement with the PyTorch model, which makes a full pass for every token.
@Suite struct SpeechTokenModelGoldenTests {
  struct Case: Sendable {
    let name: String
    let mode: SpeechTokenConfiguration.Mode
    let chunks: (text: Int, speech: Int)
    let text: Int
    var promptText = 0
    var promptCodes = 0
    var isOneShot = false
  }

  static let cases = [
    Case(name: "chunk", mode: .chunk, chunks: (4, 12), text: 10),
    Case(
      name: "chunk-prompt", mode: .chunk, chunks: (4, 12), text: 9, promptText: 5,
      promptCodes: 17),
    Case(name: "fill", mode: .fill, chunks: (5, 15), text: 13),
    Case(name: "fill-many", mode: .fill, chunks: (2, 6), text: 31),
    Case(
      name: "fill-prompt", mode: .fill, chunks: (5, 15), text: 12, promptText: 7, promptCodes: 20),
    Case(
      name: "fill-prompt-whole-chunk", mode: .fill, chunks: (5, 15), text: 11, promptText: 5,
      promptCodes: 15),
    Case(
      name: "fill-prompt-over", mode: .fill, chunks: (5, 15), text: 4, promptText: 3,
      promptCodes: 18),
    Case(name: "whole", mode: .fill, chunks: (5, 15), text: 6, isOneShot: true),
    Case(
      name: "whole-prompt", mode: .fill, chunks: (5, 15), text: 5, promptText: 4, promptCodes: 9,
      isOneShot: true),
  ]

  @Test(arguments: cases)
  func `greedy codes equal the reference's`(_ golden: Case) throws {
    let file = try SafeTensorsFile(path: Goldens.path("speech_tokens/codes.safetensors"))
    let count = try #require(file.info(golden.name)).shape[0]
    var expected = try file.values(golden.name, shape: [count]).map { Int($0) }
    let end = expected.removeLast() == TinySpeechTokenModel.codes ? SpeechEnd.end : .limit

    let all = TinySpeechTokenModel.text(golden.name, golden.promptText + golden.text)
    let prompt = SpeechPrompt(
      text: all.rows(0..<golden.promptText),
      tokens: (0..<golden.promptCodes).map { (11 * $0 + 4) % TinySpeechTokenModel.codes })
    let text = all.rows(golden.promptText..<all.rows)
    var model = try TinySpeechTokenModel.model(
      golden.mode, golden.chunks.text, golden.chunks.speech)
    let output: SpeechTokens
    if golden.isOneShot {
      model.begin(whole: text, prompt: prompt)
      output = model.step(TinySpeechTokenModel.none, textEnded: true)
    } else {
      model.reset(prompt: prompt)
      output = model.step(text, textEnded: true)
    }
    #expect(output.tokens == expected)
    #expect(output.end == end)
  }

  @Test(arguments: [
    (SpeechTokenConfiguration.Mode.fill, 5, 15), (.chunk, 4, 12),
  ])
  func `logits of a whole sequence equal the reference's`(
    mode: SpeechTokenConfiguration.Mode, textChunk: Int, speechChunk: Int
  ) throws {
    let file = try SafeTensorsFile(path: Goldens.path("speech_tokens/logits.safetensors"))
    let count = try #require(file.info("\(mode).sources")).shape[0]
    let sources = try file.values("\(mode).sources", shape: [count])
    let indices = try file.values("\(mode).indices", shape: [count])
    let expected = try file.values("\(mode).logits", shape: [count, 30])
    func table(_ name: String, _ rows: Int) -> Matrix {
      Matrix(
        rows: rows, columns: 32, values: FilledTensors.values(name: name, shape: [rows, 32]))
    }
    let specials = table("llm_embedding.weight", 2)
    // In the order of the golden maker: start, task, text, speech.
    let tables = [
      specials.rows(0..<1), specials.rows(1..<2), TinySpeechTokenModel.text("forced", 11),
      table("speech_embedding.weight", 30),
    ]
    let inputs = zip(sources, indices).flatMap { source, index in
      // The task id is row 0 of its own table.
      tables[Int(source)].row(Int(index))
    }
    let model = try TinySpeechTokenModel.model(mode, textChunk, speechChunk)
    let logits = try model.logits(of: Matrix(rows: count, columns: 32, values: inputs))
    #expect(relativeError(logits.values, expected) < 1e-4)
  }
}
