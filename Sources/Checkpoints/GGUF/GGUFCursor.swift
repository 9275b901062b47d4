/// Reads the header of a GGUF file from front to back; every read is checked against the end.
struct GGUFCursor {
  let file: FileBytes
  var offset: Int
  let end: Int

  /// Nesting of arrays in arrays; files in use have none.
  static let maximumDepth = 8

  init(_ file: FileBytes, at offset: Int = 0, end: Int? = nil) {
    self.file = file
    self.offset = offset
    self.end = end ?? file.count
  }

  func failure(_ reason: String, subject: String? = nil) -> CheckpointError {
    CheckpointError(.malformed, file: file.name, subject: subject?.excerpt, reason: reason)
  }

  private func require(_ count: Int, _ what: String) throws(CheckpointError) {
    guard count <= end - offset else {
      throw failure("ends at byte \(end) within \(what)")
    }
  }

  /// A little-endian integer.
  mutating func integer<T: FixedWidthInteger>(_ what: String) throws(CheckpointError) -> T {
    let size = T.bitWidth / 8
    try require(size, what)
    defer { offset += size }
    return T(littleEndian: file.bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
  }

  /// How many items follow, each of which takes at least `bytes` of the file: a count that
  /// the file cannot hold is refused before anything is allocated for it.
  mutating func count(_ what: String, each bytes: Int) throws(CheckpointError) -> Int {
    let count: UInt64 = try integer(what)
    guard count <= UInt64((end - offset) / bytes) else {
      throw failure("\(what) \(count) is more than the rest of the file can hold")
    }
    return Int(count)
  }

  /// Steps over bytes.
  mutating func skip(_ count: Int, _ what: String) throws(CheckpointError) {
    try require(count, what)
    offset += count
  }

  /// A string's bytes.
  private mutating func stringBytes(
    _ what: String
  ) throws(CheckpointError) -> UnsafeRawBufferPointer {
    let count = try count("the length of \(what)", each: 1)
    defer { offset += count }
    return UnsafeRawBufferPointer(rebasing: file.bytes[offset..<offset + count])
  }

  /// A string.
  mutating func string(_ what: String) throws(CheckpointError) -> String {
    guard let string = String(validating: try stringBytes(what), as: UTF8.self) else {
      throw failure("\(what) is not UTF-8")
    }
    return string
  }

  /// The type of a value.
  mutating func valueType() throws(CheckpointError) -> GGUFValueType {
    let id: UInt32 = try integer("a value's type")
    guard let type = GGUFValueType(rawValue: id) else {
      throw failure("a value has the unknown type \(id)")
    }
    return type
  }

  /// A value of a type.
  mutating func value(
    _ type: GGUFValueType, depth: Int = 0
  ) throws(CheckpointError) -> GGUFValue {
    let what = "a value"
    switch type {
    case .uint8: return .uint8(try integer(what))
    case .int8: return .int8(try integer(what))
    case .uint16: return .uint16(try integer(what))
    case .int16: return .int16(try integer(what))
    case .uint32: return .uint32(try integer(what))
    case .int32: return .int32(try integer(what))
    case .float32: return .float32(Float(bitPattern: try integer(what)))
    case .bool:
      let byte: UInt8 = try integer(what)
      guard byte <= 1 else { throw failure("a truth value is \(byte), expected 0 or 1") }
      return .bool(byte == 1)
    case .string: return .string(try string("a string"))
    case .array: return .array(try array(depth: depth))
    case .uint64: return .uint64(try integer(what))
    case .int64: return .int64(try integer(what))
    case .float64: return .float64(Double(bitPattern: try integer(what)))
    }
  }

  /// An array: steps over its elements and checks that they are there.
  private mutating func array(depth: Int) throws(CheckpointError) -> GGUFArray {
    guard depth < Self.maximumDepth else {
      throw failure("arrays are nested deeper than \(Self.maximumDepth)")
    }
    let type = try valueType()
    let count = try count("an array's length", each: type.smallestSize)
    let start = offset
    switch type {
    case .string: for _ in 0..<count { _ = try stringBytes("a string in an array") }
    case .array: for _ in 0..<count { _ = try array(depth: depth + 1) }
    default: try skip(count * type.smallestSize, "an array")
    }
    return GGUFArray(
      elementType: type, count: count, file: file, range: start..<offset, depth: depth)
  }
}
