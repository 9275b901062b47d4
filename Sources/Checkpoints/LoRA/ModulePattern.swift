/// The patterns by which a LoRA adapter gives single modules another rank or another strength.
///
/// A pattern matches a module's path as a whole or from after one of its dots on. Patterns are
/// regular expressions; understood are characters, `.`, `\d`, `\w`, `\.` and other escaped
/// punctuation, each with `?`, `*` or `+`, groups that are not repeated, and `^` and `$` at the
/// ends. Matching takes time in proportion to the product of both lengths, whatever the pattern.
package struct ModulePattern {
  private enum Atom {
    case any
    case digit
    case word
    case byte(UInt8)

    func matches(_ byte: UInt8) -> Bool {
      let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
      let isLetter = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
      return switch self {
      case .any: true
      case .digit: isDigit
      case .word: isDigit || isLetter || byte == UInt8(ascii: "_")
      case .byte(let other): byte == other
      }
    }
  }

  private struct Step {
    let atom: Atom
    var isOptional = false
    var isRepeated = false
  }

  private var steps: [Step] = []
  private var isAnchored = false

  /// Understands a pattern; nil where it uses something else.
  package init?(_ text: String) {
    var rest = Array(text.utf8)[...]
    if rest.first == UInt8(ascii: "^") {
      isAnchored = true
      rest = rest.dropFirst()
    }
    if rest.last == UInt8(ascii: "$"), rest.dropLast().last != UInt8(ascii: "\\") {
      rest = rest.dropLast()
    }
    var openGroups = 0
    var canRepeat = false
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "("): (openGroups, canRepeat) = (openGroups + 1, false)
      case UInt8(ascii: ")"): (openGroups, canRepeat) = (openGroups - 1, false)
      case UInt8(ascii: "?"), UInt8(ascii: "*"), UInt8(ascii: "+"):
        guard canRepeat, let last = steps.indices.last else { return nil }
        steps[last].isOptional = byte != UInt8(ascii: "+")
        steps[last].isRepeated = byte != UInt8(ascii: "?")
        canRepeat = false
      default:
        guard let atom = Self.atom(byte, &rest) else { return nil }
        steps.append(Step(atom: atom))
        canRepeat = true
      }
      guard openGroups >= 0 else { return nil }
    }
    guard openGroups == 0 else { return nil }
  }

  private static func atom(_ byte: UInt8, _ rest: inout ArraySlice<UInt8>) -> Atom? {
    switch byte {
    case UInt8(ascii: "."): return .any
    case UInt8(ascii: "|"), UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: "^"),
      UInt8(ascii: "$"):
      return nil
    case UInt8(ascii: "\\"):
      guard let escaped = rest.popFirst() else { return nil }
      if escaped == UInt8(ascii: "d") { return .digit }
      if escaped == UInt8(ascii: "w") { return .word }
      return Atom.word.matches(escaped) ? nil : .byte(escaped)
    default: return .byte(byte)
    }
  }

  /// Whether the pattern is for the module of a path.
  package func matches(_ path: String) -> Bool {
    // Bit n of `states`: the steps before n are done.
    var states = [Bool](repeating: false, count: steps.count + 1)
    begin(&states)
    var previous: UInt8?
    for byte in path.utf8 {
      if previous == UInt8(ascii: "."), !isAnchored { begin(&states) }
      states = advanced(states, over: byte)
      previous = byte
    }
    return states[steps.count]
  }

  private func begin(_ states: inout [Bool]) {
    states[0] = true
    skipOptional(&states)
  }

  private func skipOptional(_ states: inout [Bool]) {
    for (index, step) in steps.enumerated() where states[index] && step.isOptional {
      states[index + 1] = true
    }
  }

  private func advanced(_ states: [Bool], over byte: UInt8) -> [Bool] {
    var next = [Bool](repeating: false, count: states.count)
    for (index, step) in steps.enumerated() where states[index] && step.atom.matches(byte) {
      next[index + 1] = true
      if step.isRepeated { next[index] = true }
    }
    skipOptional(&next)
    return next
  }
}
