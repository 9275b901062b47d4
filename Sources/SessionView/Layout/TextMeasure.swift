/// Knows how wide a text is.
package protocol TextMeasure: ~Copyable {
  /// How wide a text is, in points.
  func measure(_ text: String, size: Double, bold: Bool) -> Double
}

extension TextMeasure where Self: ~Copyable {
  package func measure(_ text: String, size: Double) -> Double {
    measure(text, size: size, bold: false)
  }

  /// The text, or its beginning and an ellipsis.
  package func shortened(_ text: String, to width: Double, size: Double) -> String {
    guard measure(text, size: size) > width else { return text }
    var (low, high) = (0, text.count)
    while low < high {
      let middle = (low + high + 1) / 2
      if measure(text.prefix(middle) + "…", size: size) <= width {
        low = middle
      } else {
        high = middle - 1
      }
    }
    var kept = text.prefix(low)
    while kept.last == " " { kept.removeLast() }
    return kept + "…"
  }

  /// The text in lines, broken at spaces where there are any.
  package func lines(_ text: String, width: Double, size: Double, bold: Bool = false) -> [String] {
    var lines: [String] = []
    var rest = Substring(text)
    while !rest.isEmpty {
      guard measure(String(rest), size: size, bold: bold) > width else {
        lines.append(String(rest))
        break
      }
      var (low, high) = (1, rest.count)
      while low < high {
        let middle = (low + high + 1) / 2
        if measure(String(rest.prefix(middle)), size: size, bold: bold) <= width {
          low = middle
        } else {
          high = middle - 1
        }
      }
      var line = rest.prefix(low)
      if let space = line.lastIndex(of: " "), space > line.startIndex { line = line[..<space] }
      lines.append(String(line))
      rest = rest[line.endIndex...].drop { $0 == " " }
    }
    return lines
  }
}

/// Things of different widths, set one after the other in lines.
package struct FlowLayout {
  /// The line and the left edge of each thing.
  package let places: [(line: Int, x: Double)]
  package let lineCount: Int

  package init(widths: [Double], gap: Double, limit: Double) {
    var places: [(line: Int, x: Double)] = []
    var (line, x) = (0, 0.0)
    for width in widths {
      if x > 0 && x + width > limit { (line, x) = (line + 1, 0) }
      places.append((line, x))
      x += width + gap
    }
    self.places = places
    lineCount = widths.isEmpty ? 0 : line + 1
  }
}
