import AudioIO
import Evaluation
import Foundation

/// A folder with the sound of every answer, for a recogniser: `answers.jsonl` and WAV files.
struct AnswerFolder {
  private struct Line: Encodable {
    let file: String
    let corpus: String
    let answer: ConversationScores.Answer
  }

  private let folder: URL

  /// Makes the folder.
  init(_ path: String) throws {
    folder = URL(filePath: path)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    try Data().write(to: folder.appending(path: "answers.jsonl"))
  }

  /// Adds the answers of a conversation, cut out of what was put out.
  func write(
    _ answers: [ConversationScores.Answer], of corpus: String, _ putOut: [Float]
  ) async throws {
    let list = try FileHandle(forWritingTo: folder.appending(path: "answers.jsonl"))
    defer { try? list.close() }
    try list.seekToEnd()
    for answer in answers {
      let file = "\(corpus)-\(answer.conversation)-\(answer.place).wav"
      let sink = try FileSink(
        folder.appending(path: file).path, sampleRate: SourceBlock.sampleRate)
      _ = try await sink.put(Array(putOut[answer.start..<answer.end]))
      _ = try await sink.finish()
      var line = try JSONEncoder().encode(Line(file: file, corpus: corpus, answer: answer))
      line.append(UInt8(ascii: "\n"))
      try list.write(contentsOf: line)
    }
  }
}
