import Checkpoints

/// Reads merges: two tokens each, by falling priority, whose joined bytes are a token too.
struct MergeReader {
  private let vocabulary: Vocabulary
  private let file: String
  private let subject: String
  private var rank: UInt32 = 0
  private var scratch: [UInt8] = []
  /// The merges by the ids of their pair.
  private(set) var merges: [UInt64: BytePairEncoder.Merge] = [:]

  /// Prepares; `subject` is what the list of merges is called in `file`.
  init(_ vocabulary: Vocabulary, count: Int, file: String, subject: String) {
    self.vocabulary = vocabulary
    self.file = file
    self.subject = subject
    merges.reserveCapacity(count)
  }

  /// Adds the next merge, written as two tokens with a space between them.
  mutating func append(_ line: String) throws(CheckpointError) {
    var line = line
    scratch.removeAll(keepingCapacity: true)
    let left: Int? = line.withUTF8 { text in
      guard let space = text.firstIndex(of: UInt8(ascii: " ")) else { return nil }
      return split(
        UnsafeBufferPointer(rebasing: text[..<space]),
        UnsafeBufferPointer(rebasing: text[(space + 1)...]))
    }
    try append(leftCount: left, spelled: line)
  }

  /// Adds the next merge.
  mutating func append(_ left: String, _ right: String) throws(CheckpointError) {
    var (left, right) = (left, right)
    scratch.removeAll(keepingCapacity: true)
    let count: Int? = left.withUTF8 { left in right.withUTF8 { split(left, $0) } }
    try append(leftCount: count, spelled: "\(left) \(right)")
  }

  /// Puts the bytes of both into `scratch`; gives how many the left one has.
  private mutating func split(
    _ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>
  ) -> Int? {
    guard !left.isEmpty, !right.isEmpty, ByteAlphabet.append(left, to: &scratch) else { return nil }
    let count = scratch.count
    return ByteAlphabet.append(right, to: &scratch) ? count : nil
  }

  private mutating func append(leftCount: Int?, spelled: String) throws(CheckpointError) {
    guard let leftCount else {
      throw error("\"\(spelled.excerpt)\" is not two tokens of byte characters")
    }
    let ids = scratch.withUnsafeBufferPointer { bytes in
      [bytes[..<leftCount], bytes[leftCount...], bytes[...]].map {
        vocabulary.id(ofBytes: UnsafeBufferPointer(rebasing: $0))
      }
    }
    guard let left = ids[0], let right = ids[1], let whole = ids[2] else {
      throw error("\"\(spelled.excerpt)\" has a part or a whole that is no token")
    }
    merges[BytePairEncoder.key(left, right)] = BytePairEncoder.Merge(rank: rank, id: whole)
    rank += 1
  }

  private func error(_ reason: String) -> CheckpointError {
    CheckpointError(.malformed, file: file, subject: "\(subject)[\(rank)]", reason: reason)
  }
}
