extension Double {
  /// With a fixed number of decimals and a true minus sign.
  package func text(decimals: Int) -> String {
    guard isFinite, abs(self) < 1e15 else { return isNaN ? "–" : self > 0 ? "∞" : "\u{2212}∞" }
    let scale = (0..<decimals).reduce(1.0) { value, _ in value * 10 }
    let whole = Int((magnitude * scale).rounded())
    let sign = self < 0 && whole > 0 ? "\u{2212}" : ""
    guard decimals > 0 else { return sign + String(whole) }
    let digits = String(whole)
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    return "\(sign)\(padded.dropLast(decimals)).\(padded.suffix(decimals))"
  }

  /// A number of milliseconds with its unit, to two or three digits.
  package var millisecondsText: String {
    if self >= 99_950 { return (self / 1_000).text(decimals: 0) + " s" }
    if self >= 9_995 { return (self / 1_000).text(decimals: 1) + " s" }
    if self >= 99.95 || self == 0 { return text(decimals: 0) + " ms" }
    if self >= 0.0995 { return text(decimals: self >= 9.995 ? 1 : 2) + " ms" }
    return (self * 1_000).text(decimals: 1) + " µs"
  }

  /// A time in seconds as `12.3 s`, `1:02.3` or `1:02:03.4`.
  package func clockText(decimals: Int) -> String {
    if self < 60 { return text(decimals: decimals) + " s" }
    let scale = (0..<decimals).reduce(1.0) { value, _ in value * 10 }
    // Rounded first: 119.99 is 2:00.0, not 1:60.0.
    let rounded = (self * scale).rounded() / scale
    let (hours, minutes) = (Int(rounded) / 3_600, Int(rounded) / 60 % 60)
    let seconds = rounded - Double(Int(rounded) / 60 * 60)
    let secondsText = (seconds < 10 ? "0" : "") + seconds.text(decimals: decimals)
    guard hours > 0 else { return "\(minutes):\(secondsText)" }
    return "\(hours):\(minutes < 10 ? "0" : "")\(minutes):\(secondsText)"
  }
}

extension Int {
  /// With thin spaces between groups of three digits, and the noun in the right number.
  package func counting(_ noun: String) -> String { "\(grouped) \(noun)\(self == 1 ? "" : "s")" }

  /// With thin spaces between groups of three digits.
  package var grouped: String {
    guard self >= 10_000 else { return String(self) }
    var rest = Substring(String(self))
    var groups: [Substring] = []
    while rest.count > 3 {
      groups.append(rest.suffix(3))
      rest = rest.dropLast(3)
    }
    return ([rest] + groups.reversed()).joined(separator: "\u{2009}")
  }
}

extension String {
  /// With everything that has no picture of its own, or would turn the line round, made visible.
  package var printable: String {
    guard unicodeScalars.contains(where: \.isUnprintable) else { return self }
    var result = ""
    for scalar in unicodeScalars {
      result.unicodeScalars.append(
        !scalar.isUnprintable ? scalar : scalar == "\n" ? "\u{23CE}" : "\u{B7}")
    }
    return result
  }
}

extension Unicode.Scalar {
  fileprivate var isUnprintable: Bool {
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned,
      .privateUse:
      true
    default: false
    }
  }
}

extension Duration {
  var seconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) + Double(attoseconds) / 1e18
  }

  var milliseconds: Double { seconds * 1_000 }
}
