extension JSONValue {
  /// The value as compact JSON text: no spaces, one line.
  ///
  /// - Parameter sortingKeys: whether names are written in the order of their bytes instead of
  ///   their order in the object.
  /// - Important: Traps where a number is infinite or not a number: JSON has none.
  public func text(sortingKeys: Bool = false) -> String {
    String(decoding: encoded(sortingKeys: sortingKeys), as: UTF8.self)
  }

  /// The bytes of ``text(sortingKeys:)``.
  public func encoded(sortingKeys: Bool = false) -> [UInt8] {
    var output: [UInt8] = []
    write(to: &output, sortingKeys: sortingKeys)
    return output
  }

  private func write(to output: inout [UInt8], sortingKeys: Bool) {
    switch self {
    case .null: output.append(contentsOf: "null".utf8)
    case .bool(let value): output.append(contentsOf: (value ? "true" : "false").utf8)
    case .integer(let value): output.append(contentsOf: String(value).utf8)
    case .number(let value):
      precondition(value.isFinite)
      output.append(contentsOf: value.description.utf8)
    case .string(let value): Self.write(value, to: &output)
    case .array(let elements):
      output.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        element.write(to: &output, sortingKeys: sortingKeys)
      }
      output.append(UInt8(ascii: "]"))
    case .object(let object):
      var pairs = Array(object)
      if sortingKeys { pairs.sort { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) } }
      output.append(UInt8(ascii: "{"))
      for (index, pair) in pairs.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        Self.write(pair.key, to: &output)
        output.append(UInt8(ascii: ":"))
        pair.value.write(to: &output, sortingKeys: sortingKeys)
      }
      output.append(UInt8(ascii: "}"))
    }
  }

  private static func write(_ string: String, to output: inout [UInt8]) {
    output.append(UInt8(ascii: "\""))
    for byte in string.utf8 {
      switch byte {
      case UInt8(ascii: "\""): output.append(contentsOf: "\\\"".utf8)
      case UInt8(ascii: "\\"): output.append(contentsOf: "\\\\".utf8)
      case 0x0A: output.append(contentsOf: "\\n".utf8)
      case 0x0D: output.append(contentsOf: "\\r".utf8)
      case 0x09: output.append(contentsOf: "\\t".utf8)
      case 0..<0x20:
        let digits = String(byte, radix: 16)
        output.append(contentsOf: "\\u00\(digits.count == 1 ? "0" : "")\(digits)".utf8)
      default: output.append(byte)
      }
    }
    output.append(UInt8(ascii: "\""))
  }
}
