import Checkpoints
import TestSupport
import Tokenization

/// The two small tokenizers, and what the `tokenizers` library makes of texts with them.
enum TokenizerGoldens {
  struct Sample: Sendable {
    let text: String
    let llama3: [Int]
    let qwen2: [Int]
    /// What the ids of the second become: the text in normalization form C, mostly.
    let qwen2Text: String
  }

  struct Decoding: Sendable {
    let ids: [Int]
    let text: String
    let withoutSpecial: String
  }

  static func path(_ name: String) -> String { Goldens.path("tokenizer/\(name).json") }

  static func tokenizer(_ name: String) throws -> Tokenizer { try Tokenizer(path: path(name)) }

  static func samples() throws -> [Sample] {
    try rows("texts").map { row in
      let text = row[0].stringValue ?? ""
      return Sample(
        text: text, llama3: ids(row[1]), qwen2: ids(row[2]),
        qwen2Text: row.count > 3 ? row[3].stringValue ?? "" : text)
    }
  }

  static func decodings(_ name: String) throws -> [Decoding] {
    try rows("\(name)-decodings").map { row in
      Decoding(
        ids: ids(row[0]), text: row[1].stringValue ?? "",
        withoutSpecial: row[2].stringValue ?? "")
    }
  }

  private static func rows(_ name: String) throws -> [[JSONValue]] {
    try (JSONValue(contentsOfFile: path(name)).arrayValue ?? []).map { $0.arrayValue ?? [] }
  }

  private static func ids(_ value: JSONValue) -> [Int] {
    (value.arrayValue ?? []).compactMap(\.integerValue)
  }
}

extension String {
  /// Whether both have the same scalars: `==` holds canonically equivalent strings to be equal.
  func isSame(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
