import Checkpoints

/// Merges bytes to tokens: byte-level byte-pair encoding (Sennrich et al., 2016; GPT-2, 2019).
///
/// Of all neighbours the pair with the lowest rank is merged, the leftmost among equals, until no
/// pair is left that has a rank. A pre-token of n bytes takes at most 3 n steps of a heap.
struct BytePairEncoder: Sendable {
  /// What a pair merges to.
  struct Merge: Sendable {
    let rank: UInt32
    let id: Int32
  }

  private let bytes: [Int32]
  private let merges: [UInt64: Merge]
  private let ignoresMerges: Bool

  /// Prepares the merges of pairs of ids, from the ids of the 256 bytes.
  ///
  /// With `ignoresMerges` a pre-token that is a token itself is taken without merging.
  init(bytes: [Int32], merges: [UInt64: Merge], ignoresMerges: Bool) {
    precondition(bytes.count == 256)
    self.bytes = bytes
    self.merges = merges
    self.ignoresMerges = ignoresMerges
  }

  /// The key of a pair of ids.
  static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  /// Appends the ids of a pre-token that is not empty.
  func encode(
    _ preToken: UnsafeBufferPointer<UInt8>, vocabulary: Vocabulary, workspace: inout MergeWorkspace,
    to output: inout [Int]
  ) {
    if preToken.count == 1 {
      output.append(Int(bytes[Int(preToken[0])]))
      return
    }
    if ignoresMerges, let id = vocabulary.id(ofBytes: preToken) {
      output.append(Int(id))
      return
    }
    workspace.fill(preToken.lazy.map { bytes[Int($0)] })
    for position in 0..<preToken.count - 1 { look(position, &workspace) }
    while let position = workspace.popLowest() {
      let previous = workspace.merge(position)
      look(position, &workspace)
      if let previous { look(previous, &workspace) }
    }
    workspace.appendIDs(to: &output)
  }

  /// Looks up the pair that begins at a position.
  @inline(__always)
  private func look(_ position: Int, _ workspace: inout MergeWorkspace) {
    guard let pair = workspace.pair(at: position) else { return }
    workspace.setMerge(merges[Self.key(pair.0, pair.1)], at: position)
  }
}
