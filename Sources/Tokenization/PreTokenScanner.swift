/// Cuts valid UTF-8 into pre-tokens: at each place the first alternative of the pattern that
/// matches wins, not the longest.
struct PreTokenScanner {
  private let pattern: PreTokenPattern
  private let bytes: UnsafeBufferPointer<UInt8>

  init(_ pattern: PreTokenPattern, _ bytes: UnsafeBufferPointer<UInt8>) {
    self.pattern = pattern
    self.bytes = bytes
  }

  /// The end of the pre-token that begins at a place before the end.
  func end(ofPreTokenAt start: Int) -> Int {
    if let end = contraction(at: start) { return end }
    switch pattern {
    case .llama3: return modernEnd(start, digits: 3)
    case .qwen2: return modernEnd(start, digits: 1)
    case .gpt2: return gpt2End(start)
    }
  }

  /// The class of the scalar at a place, and the place after it; nil at the end.
  @inline(__always)
  private func scalar(at index: Int) -> (class: ScalarClass, end: Int)? {
    guard index < bytes.count else { return nil }
    let (scalar, end) = bytes.scalar(at: index)
    return (ScalarClass(scalar), end)
  }

  /// The end of a run of one class.
  private func end(of kind: ScalarClass, from start: Int, limit: Int = .max) -> Int {
    var (end, count) = (start, 0)
    while count < limit, let next = scalar(at: end), next.class == kind {
      end = next.end
      count += 1
    }
    return end
  }
}

// MARK: - The alternatives

extension PreTokenScanner {
  /// `'s|'t|'re|'ve|'m|'ll|'d`, in either case for all but GPT-2.
  private func contraction(at start: Int) -> Int? {
    guard bytes[start] == UInt8(ascii: "'"), let first = folded(at: start + 1) else { return nil }
    switch Unicode.Scalar(first.letter) {
    case "s", "t", "m", "d": return first.end
    case "r", "v": return folded(at: first.end, expected: "e")
    case "l": return folded(at: first.end, expected: "l")
    default: return nil
    }
  }

  private func folded(at index: Int, expected: Unicode.Scalar) -> Int? {
    guard let next = folded(at: index), Unicode.Scalar(next.letter) == expected else { return nil }
    return next.end
  }

  /// A letter in lower case, as the pattern's case rule sees it.
  private func folded(at index: Int) -> (letter: UInt8, end: Int)? {
    guard index < bytes.count else { return nil }
    let byte = bytes[index]
    guard pattern != .gpt2 else { return (byte, index + 1) }
    if UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte { return (byte | 0x20, index + 1) }
    // U+017F, the long s, folds to s; no other scalar folds to a letter of the contractions.
    if byte == 0xC5, bytes[index + 1] == 0xBF { return (UInt8(ascii: "s"), index + 2) }
    return (byte, index + 1)
  }

  /// `[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,digits}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|…`.
  private func modernEnd(_ start: Int, digits: Int) -> Int {
    guard let first = scalar(at: start) else { return start }
    let second = scalar(at: first.end)
    switch first.class {
    case .letter: return end(of: .letter, from: first.end)
    case .number: return end(of: .number, from: start, limit: digits)
    case .newline: return whiteSpaceEnd(start, stopsAtNewlines: true)
    case .space, .other:
      if second?.class == .letter { return end(of: .letter, from: first.end) }
      if first.class == .other || (bytes[start] == 0x20 && second?.class == .other) {
        return end(of: .newline, from: end(of: .other, from: first.end))
      }
      return whiteSpaceEnd(start, stopsAtNewlines: true)
    }
  }

  /// ` ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`.
  private func gpt2End(_ start: Int) -> Int {
    guard let first = scalar(at: start) else { return start }
    let run = bytes[start] == 0x20 ? first.end : start
    switch scalar(at: run)?.class {
    case .letter: return end(of: .letter, from: run)
    case .number: return end(of: .number, from: run)
    case .other: return end(of: .other, from: run)
    case .newline, .space, nil: return whiteSpaceEnd(start, stopsAtNewlines: false)
    }
  }

  /// `\s*[\r\n]+|\s+(?!\S)|\s+`, the first of these only where it is asked for.
  ///
  /// A run ends after its last newline; without one it gives up its last scalar to what follows.
  private func whiteSpaceEnd(_ start: Int, stopsAtNewlines: Bool) -> Int {
    var (end, last, newline) = (start, start, Int?.none)
    while let next = scalar(at: end), next.class == .space || next.class == .newline {
      last = end
      end = next.end
      if next.class == .newline { newline = end }
    }
    if stopsAtNewlines, let newline { return newline }
    return end == bytes.count || last == start ? end : last
  }
}
