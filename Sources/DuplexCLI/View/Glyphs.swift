/// The characters that a view draws with.
package struct Glyphs: Hashable, Sendable {
  let rule: Character
  /// From nothing to full, in width.
  let bar: [Character]
  /// From nothing to full, in height.
  let column: [Character]
  let empty: Character
  let peak: Character
  let speaking: Character
  let listening: Character
  let yielded: Character
  let recording: Character
  let separator: String

  /// Block elements, for terminals with Unicode.
  package static let unicode = Glyphs(
    rule: "─", bar: Array(" ▏▎▍▌▋▊▉█"), column: Array(" ▁▂▃▄▅▆▇█"), empty: "·", peak: "▕",
    speaking: "━", listening: "·", yielded: "✕", recording: "●", separator: "·")

  /// For all others.
  package static let ascii = Glyphs(
    rule: "-", bar: Array(" -="), column: Array(" .:|#"), empty: ".", peak: "|", speaking: "=",
    listening: ".", yielded: "X", recording: "*", separator: "|")

  /// A bar from the left.
  ///
  /// - Parameters:
  ///   - fraction: How much of it is full, 0 to 1.
  ///   - width: Its columns.
  ///   - mark: Where to mark a peak, 0 to 1; nil for nowhere.
  /// - Returns: As many characters as columns.
  func bar(_ fraction: Double, width: Int, mark: Double? = nil) -> String {
    let steps = bar.count - 1
    let filled = Int((clamped(fraction) * Double(width * steps)).rounded())
    var characters = (0..<width).map { bar[max(0, min(steps, filled - $0 * steps))] }
    if let mark, mark > 0 {
      let column = min(width - 1, Int(clamped(mark) * Double(width)))
      if characters[column] == bar[0] { characters[column] = peak }
    }
    return String(characters)
  }

  /// One column of a history.
  func column(_ fraction: Double) -> Character {
    column[Int((clamped(fraction) * Double(column.count - 1)).rounded())]
  }

  private func clamped(_ fraction: Double) -> Double {
    fraction.isFinite ? max(0, min(1, fraction)) : 0
  }
}
