/// A token that is cut out of the text before it is split into pre-tokens.
struct AddedToken: Sendable, Equatable {
  /// The most bytes one may have: a search takes so many steps at each place of a text.
  static let longest = 256

  let content: String
  let id: Int
  /// Whether it steers the model rather than being text.
  var isSpecial = false
  /// Whether it takes in the white space before it.
  var stripsLeft = false
  /// Whether it takes in the white space after it.
  var stripsRight = false
  /// Whether it is only found between characters that belong to no word.
  var isSingleWord = false
  /// Whether it is looked for in the normalized text.
  var isNormalized = false

  /// How it is written in the text that it is looked for in; the library calls it so too.
  func spelling(composes: Bool) -> String {
    guard composes, isNormalized else { return content }
    let composed = Array(content.utf8).withUnsafeBufferPointer(CanonicalComposition.composed)
    return composed.map { String(decoding: $0, as: UTF8.self) } ?? content
  }
}

/// Finds added tokens in text: from the left, the longest at each place.
struct AddedTokens: Sendable {
  /// A stretch of text, or a token that was cut out.
  enum Piece: Equatable {
    case text(Range<Int>)
    case token(Int)
  }

  private var tokens: [AddedToken] = []
  // A trie over bytes: node and byte to the next node; node 0 is the root.
  private var edges: [UInt64: Int32] = [:]
  private var ends: [Int32] = [-1]
  private var isFirstByte = [Bool](repeating: false, count: 256)

  /// Whether there are none.
  var isEmpty: Bool { tokens.isEmpty }

  /// Adds a token by its spelling; the first of several that are spelled alike counts.
  mutating func insert(_ token: AddedToken, spelled spelling: String) {
    guard let first = spelling.utf8.first else { return }
    isFirstByte[Int(first)] = true
    var node: Int32 = 0
    for byte in spelling.utf8 {
      let key = Self.key(node, byte)
      if let next = edges[key] {
        node = next
      } else {
        node = Int32(ends.count)
        edges[key] = node
        ends.append(-1)
      }
    }
    guard ends[Int(node)] < 0 else { return }
    ends[Int(node)] = Int32(tokens.count)
    tokens.append(token)
  }

  /// Cuts the tokens out of text; without `parsesSpecial` special ones stay text.
  func split(_ text: UnsafeBufferPointer<UInt8>, parsesSpecial: Bool) -> [Piece] {
    var pieces: [Piece] = []
    // Everything before `done` is in a piece.
    var (index, done) = (0, 0)
    while index < text.count, !isEmpty {
      guard isFirstByte[Int(text[index])], let (token, end) = longest(in: text, at: index) else {
        index += 1
        continue
      }
      let start = index
      index = end
      if token.isSpecial && !parsesSpecial { continue }
      if token.isSingleWord, text.hasWord(before: start) || text.hasWord(at: end) { continue }
      let left = max(done, token.stripsLeft ? text.spaceStart(before: start, from: done) : start)
      if done < left { pieces.append(.text(done..<left)) }
      pieces.append(.token(token.id))
      // A token that begins with white space may lie in what the one before it took in.
      done = max(done, end)
      if token.stripsRight { done = text.spaceEnd(after: done) }
    }
    if done < text.count { pieces.append(.text(done..<text.count)) }
    return pieces
  }

  private func longest(
    in text: UnsafeBufferPointer<UInt8>, at start: Int
  ) -> (token: AddedToken, end: Int)? {
    var (node, index, found): (Int32, Int, (AddedToken, Int)?) = (0, start, nil)
    while index < text.count, let next = edges[Self.key(node, text[index])] {
      node = next
      index += 1
      let end = ends[Int(node)]
      if end >= 0 { found = (tokens[Int(end)], index) }
    }
    return found
  }

  private static func key(_ node: Int32, _ byte: UInt8) -> UInt64 {
    UInt64(node) << 8 | UInt64(byte)
  }
}

// MARK: - What surrounds a token

extension UnsafeBufferPointer where Element == UInt8 {
  fileprivate func hasWord(before index: Int) -> Bool {
    index > 0 && scalar(at: start(ofScalarBefore: index)).scalar.isInWord
  }

  fileprivate func hasWord(at index: Int) -> Bool {
    index < count && scalar(at: index).scalar.isInWord
  }

  fileprivate func spaceStart(before end: Int, from lowest: Int) -> Int {
    var result = end
    while result > lowest {
      let start = start(ofScalarBefore: result)
      guard scalar(at: start).scalar.properties.isWhitespace else { break }
      result = start
    }
    return result
  }

  fileprivate func spaceEnd(after start: Int) -> Int {
    var result = start
    while result < count {
      let (scalar, end) = scalar(at: result)
      guard scalar.properties.isWhitespace else { break }
      result = end
    }
    return result
  }
}

extension Unicode.Scalar {
  /// `\w` of Unicode's regular expressions (UTS 18).
  fileprivate var isInWord: Bool {
    guard isInUnicode16 else { return false }
    if properties.isAlphabetic || properties.isJoinControl { return true }
    switch properties.generalCategory {
    case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation:
      return true
    default: return false
    }
  }
}
