import Checkpoints

/// The tokens of a byte-level vocabulary: bytes, ids and how they are spelled.
struct Vocabulary: Sendable {
  /// Ids must be below this: no known vocabulary comes near, and tables are as long as the
  /// largest id.
  static let maximumSize = 1 << 22

  /// One more than the largest id.
  let size: Int
  private let file: String
  private var table: ByteStringTable
  // Spelled with characters that stand for no byte: found by the spelling itself.
  private var unmapped: [[UInt8]: Int] = [:]
  private var isUnmapped: Set<Int> = []

  /// Prepares for ids below `size`.
  init(size: Int, file: String) {
    self.size = size
    self.file = file
    table = ByteStringTable(capacity: size)
  }

  /// Adds a token as its file spells it; an added token may repeat one that is there.
  mutating func insert(_ spelling: String, id: Int) throws(CheckpointError) {
    if let known = self.id(of: spelling), known == id { return }
    guard !table.contains(id) else {
      throw error(spelling, reason: "has the id \(id), which another token has too")
    }
    var spelling = spelling
    var mapped: [UInt8] = []
    if spelling.withUTF8({ ByteAlphabet.append($0, to: &mapped) }) {
      table.store(mapped, id: id)
      guard table.index(id) else { throw error(spelling, reason: "has two ids") }
    } else {
      let bytes = Array(spelling.utf8)
      table.store(bytes, id: id)
      guard unmapped.updateValue(id, forKey: bytes) == nil else {
        throw error(spelling, reason: "has two ids")
      }
      isUnmapped.insert(id)
    }
  }

  /// The id of a token as its file spells it.
  func id(of spelling: String) -> Int? {
    var spelling = spelling
    var mapped: [UInt8] = []
    guard spelling.withUTF8({ ByteAlphabet.append($0, to: &mapped) }) else {
      return unmapped[Array(spelling.utf8)]
    }
    return id(ofBytes: mapped).map(Int.init)
  }

  /// The id of the token that stands for some bytes.
  func id(ofBytes bytes: [UInt8]) -> Int32? {
    bytes.withUnsafeBufferPointer { table.id(of: $0) }
  }

  /// The id of the token that stands for some bytes.
  func id(ofBytes bytes: UnsafeBufferPointer<UInt8>) -> Int32? { table.id(of: bytes) }

  /// The bytes that a token stands for; nil where no token has the id.
  func bytes(of id: Int) -> ArraySlice<UInt8>? { table.string(id) }

  /// How the file spells a token.
  func spelling(of id: Int) -> String? {
    guard let bytes = table.string(id) else { return nil }
    return isUnmapped.contains(id)
      ? String(decoding: bytes, as: UTF8.self) : ByteAlphabet.spelling(bytes)
  }

  private func error(_ spelling: String, reason: String) -> CheckpointError {
    CheckpointError(
      .malformed, file: file, subject: "the token \"\(spelling.excerpt)\"", reason: reason)
  }
}
