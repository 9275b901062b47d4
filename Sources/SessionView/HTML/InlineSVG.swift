/// Cairo's SVG as part of a page: no XML head, and colours by name, so that a page can change them.
struct InlineSVG {
  let text: String

  init(_ bytes: [UInt8], size: (width: Double, height: Double), label: String) {
    var rest = Substring(String(decoding: bytes, as: UTF8.self))
    // The root element is written anew: sizes in points, and nothing before it.
    if let root = rest.range(of: "<svg"), let end = rest[root.upperBound...].firstIndex(of: ">") {
      rest = rest[rest.index(after: end)...]
    }
    let size = "\(Int(size.width.rounded(.up))) \(Int(size.height.rounded(.up)))"
    var result =
      "<svg id=\"picture\" xmlns=\"http://www.w3.org/2000/svg\""
      + " xmlns:xlink=\"http://www.w3.org/1999/xlink\" viewBox=\"0 0 \(size)\" role=\"img\""
      + " aria-label=\"\(label.escapedForHTML)\">"
    let names = Dictionary(
      uniqueKeysWithValues: Ink.allCases.map { ($0.colour(.light), $0.rawValue) })
    while let start = rest.range(of: "rgb(") {
      result += rest[..<start.lowerBound]
      rest = rest[start.upperBound...]
      guard let end = rest.firstIndex(of: ")") else { break }
      let name = Self.colour(rest[..<end]).flatMap { names[$0] }
      result += name.map { "var(--\($0))" } ?? "rgb(\(rest[..<end]))"
      rest = rest[rest.index(after: end)...]
    }
    result += rest
    text = Self.withoutSurfaceNumber(result)
  }

  /// Reads `12.5%,0%,100%`.
  private static func colour(_ text: Substring) -> UInt32? {
    let parts = text.split(separator: ",").map { $0.filter { $0 != " " } }
    guard parts.count == 3 else { return nil }
    var colour: UInt32 = 0
    for part in parts {
      let isShare = part.last == "%"
      guard let value = Double(isShare ? part.dropLast() : part[...]) else { return nil }
      let byte = (isShare ? value * 255 / 100 : value).rounded()
      guard (0...255).contains(byte) else { return nil }
      colour = colour << 8 | UInt32(byte)
    }
    return colour
  }

  /// Cairo numbers the surfaces of a process; a picture must not depend on how many there were.
  private static func withoutSurfaceNumber(_ text: String) -> String {
    guard let start = text.range(of: " id=\"surface"),
      let end = text[start.upperBound...].firstIndex(of: "\"")
    else { return text }
    return String(text[..<start.lowerBound] + text[text.index(after: end)...])
  }
}

extension StringProtocol {
  /// Where a text of ASCII characters first is.
  fileprivate func range(of text: String) -> Range<Index>? {
    let (all, wanted) = (utf8, Array(text.utf8))
    guard let first = wanted.first else { return nil }
    var start = all.startIndex
    while let found = all[start...].firstIndex(of: first) {
      if all[found...].starts(with: wanted) {
        return found..<all.index(found, offsetBy: wanted.count)
      }
      start = all.index(after: found)
    }
    return nil
  }
}
