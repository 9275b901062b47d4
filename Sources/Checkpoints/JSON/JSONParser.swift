/// Where and why a text is no JSON.
struct JSONFailure: Error {
  let offset: Int
  let reason: String
}

/// Reads a JSON text (RFC 8259), strictly: a name that comes twice in an object is an error too.
///
/// Depth is bounded; memory is in proportion to the text, because every value takes at least two
/// bytes of it.
struct JSONParser {
  private let bytes: UnsafeBufferPointer<UInt8>
  private let maximumDepth: Int
  private var offset = 0

  init(_ bytes: UnsafeRawBufferPointer, maximumDepth: Int) {
    self.bytes = bytes.assumingMemoryBound(to: UInt8.self)
    self.maximumDepth = maximumDepth
  }

  /// The one value of the text.
  mutating func document() throws(JSONFailure) -> JSONValue {
    // Positions in an object are kept in 32 bits.
    guard bytes.count <= Int(Int32.max) else { throw failure("a text of over 2 GB") }
    skipSpace()
    let result = try value(depth: 0)
    skipSpace()
    guard offset == bytes.count else { throw failure("expected the end after the value") }
    return result
  }

  private func failure(_ reason: String, at position: Int? = nil) -> JSONFailure {
    JSONFailure(offset: position ?? offset, reason: reason)
  }

  private mutating func skipSpace() {
    while offset < bytes.count {
      switch bytes[offset] {
      case 0x20, 0x09, 0x0A, 0x0D: offset += 1
      default: return
      }
    }
  }

  /// Steps over a byte if it is next.
  private mutating func take(_ byte: Unicode.Scalar) -> Bool {
    guard offset < bytes.count, bytes[offset] == UInt8(ascii: byte) else { return false }
    offset += 1
    return true
  }

  private mutating func value(depth: Int) throws(JSONFailure) -> JSONValue {
    guard offset < bytes.count else { throw failure("expected a value, found the end") }
    switch bytes[offset] {
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "{"): return .object(try object(depth: depth))
    case UInt8(ascii: "["): return .array(try array(depth: depth))
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    case UInt8(ascii: "t"):
      try word("true")
      return .bool(true)
    case UInt8(ascii: "f"):
      try word("false")
      return .bool(false)
    case UInt8(ascii: "n"):
      try word("null")
      return .null
    default: throw failure("expected a value")
    }
  }

  private mutating func word(_ text: StaticString) throws(JSONFailure) {
    let end = offset + text.utf8CodeUnitCount
    guard end <= bytes.count,
      bytes[offset..<end].elementsEqual(
        UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    else { throw failure("expected a value") }
    offset = end
  }

  private mutating func array(depth: Int) throws(JSONFailure) -> [JSONValue] {
    guard depth < maximumDepth else { throw failure("nested deeper than \(maximumDepth)") }
    offset += 1
    skipSpace()
    if take("]") { return [] }
    var elements: [JSONValue] = []
    while true {
      elements.append(try value(depth: depth + 1))
      skipSpace()
      if take("]") { return elements }
      guard take(",") else { throw failure("expected , or ] in an array") }
      skipSpace()
    }
  }

  private mutating func object(depth: Int) throws(JSONFailure) -> JSONObject {
    guard depth < maximumDepth else { throw failure("nested deeper than \(maximumDepth)") }
    offset += 1
    skipSpace()
    if take("}") { return JSONObject() }
    var pairs: [JSONObject.Element] = []
    while true {
      guard offset < bytes.count, bytes[offset] == UInt8(ascii: "\"") else {
        throw failure("expected a name in an object")
      }
      let key = try string()
      skipSpace()
      guard take(":") else { throw failure("expected : after a name") }
      skipSpace()
      pairs.append((key: key, value: try value(depth: depth + 1)))
      skipSpace()
      if take("}") { break }
      guard take(",") else { throw failure("expected , or } in an object") }
      skipSpace()
    }
    var repeated = ""
    guard let object = JSONObject(checking: pairs, duplicate: { repeated = $0 }) else {
      throw failure("the name \"\(repeated.excerpt)\" comes twice in the object that ends here")
    }
    return object
  }
}

// MARK: - Numbers

extension JSONParser {
  private func digit(at position: Int) -> Int64? {
    guard position < bytes.count else { return nil }
    let value = bytes[position] &- UInt8(ascii: "0")
    return value < 10 ? Int64(value) : nil
  }

  /// Steps over one or more digits.
  private mutating func digits() throws(JSONFailure) {
    guard digit(at: offset) != nil else { throw failure("expected a digit") }
    while digit(at: offset) != nil { offset += 1 }
  }

  private mutating func number() throws(JSONFailure) -> JSONValue {
    let start = offset
    let isNegative = take("-")
    guard let first = digit(at: offset) else { throw failure("expected a digit") }
    offset += 1
    // Summed up below zero, where there is one more number than above.
    var integer: Int64? = -first
    if first > 0 {
      while let next = digit(at: offset) {
        offset += 1
        guard let sum = integer else { continue }
        let (product, overflow) = sum.multipliedReportingOverflow(by: 10)
        let (difference, underflow) = product.subtractingReportingOverflow(next)
        integer = overflow || underflow ? nil : difference
      }
    }
    var isIntegral = true
    if take(".") {
      isIntegral = false
      try digits()
    }
    if take("e") || take("E") {
      isIntegral = false
      if !take("+") { _ = take("-") }
      try digits()
    }
    if isIntegral, let integer {
      if isNegative { return .integer(integer) }
      if integer > Int64.min { return .integer(-integer) }
    }
    return .number(try double(start..<offset))
  }

  private func double(_ range: Range<Int>) throws(JSONFailure) -> Double {
    let text = String(decoding: UnsafeBufferPointer(rebasing: bytes[range]), as: UTF8.self)
    guard let value = Double(text), value.isFinite else {
      throw failure("the number is too large", at: range.lowerBound)
    }
    return value
  }
}

// MARK: - Strings

extension JSONParser {
  private mutating func string() throws(JSONFailure) -> String {
    let start = offset + 1
    var (end, highBits) = (start, UInt8(0))
    while end < bytes.count {
      let byte = bytes[end]
      if byte == UInt8(ascii: "\"") {
        offset = end + 1
        let text = UnsafeBufferPointer(rebasing: bytes[start..<end])
        if highBits < 0x80 { return String(decoding: text, as: UTF8.self) }
        return try validated(text, at: start)
      }
      if byte == UInt8(ascii: "\\") { return try escapedString(from: start, firstEscape: end) }
      if byte < 0x20 { throw failure("a control character in a string", at: end) }
      highBits |= byte
      end += 1
    }
    throw failure("a string without end", at: start - 1)
  }

  private func validated(
    _ text: some Sequence<UInt8>, at position: Int
  ) throws(JSONFailure) -> String {
    guard let string = String(validating: text, as: UTF8.self) else {
      throw failure("the string is not UTF-8", at: position)
    }
    return string
  }

  /// The rest of a string that has escapes.
  private mutating func escapedString(
    from start: Int, firstEscape: Int
  ) throws(JSONFailure) -> String {
    var text = Array(bytes[start..<firstEscape])
    offset = firstEscape
    while offset < bytes.count {
      let byte = bytes[offset]
      switch byte {
      case UInt8(ascii: "\""):
        offset += 1
        return try validated(text, at: start)
      case UInt8(ascii: "\\"): try escape(into: &text)
      case 0..<0x20: throw failure("a control character in a string")
      default:
        text.append(byte)
        offset += 1
      }
    }
    throw failure("a string without end", at: start - 1)
  }

  private mutating func escape(into text: inout [UInt8]) throws(JSONFailure) {
    let start = offset
    guard offset + 1 < bytes.count else { throw failure("a string without end") }
    let byte = bytes[offset + 1]
    offset += 2
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      guard let scalar = try escapedScalar() else {
        throw failure("half of a surrogate pair", at: start)
      }
      text.append(contentsOf: UTF8.encode(scalar).map(Array.init) ?? [])
    default: throw failure("an unknown escape", at: start)
    }
  }

  /// The character of `\uXXXX` or of two of them; nil for half a surrogate pair.
  private mutating func escapedScalar() throws(JSONFailure) -> Unicode.Scalar? {
    let first = try hexadecimal()
    guard first & 0xFC00 == 0xD800 else { return Unicode.Scalar(first) }
    guard take("\\"), take("u") else { return nil }
    let second = try hexadecimal()
    guard second & 0xFC00 == 0xDC00 else { return nil }
    return Unicode.Scalar(0x10000 + (first & 0x3FF) << 10 + second & 0x3FF)
  }

  private mutating func hexadecimal() throws(JSONFailure) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard offset < bytes.count,
        let digit = Character(Unicode.Scalar(bytes[offset])).hexDigitValue
      else { throw failure("expected four hexadecimal digits") }
      value = value << 4 | UInt32(digit)
      offset += 1
    }
    return value
  }
}

extension String {
  /// The beginning: names in error messages may come from a hostile file.
  package var excerpt: String {
    unicodeScalars.count <= 80 ? self : String(unicodeScalars.prefix(80)) + "…"
  }
}
