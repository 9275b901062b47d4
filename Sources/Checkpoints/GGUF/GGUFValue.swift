import Kernels

/// The types of metadata values, with their numbers in the file.
public enum GGUFValueType: UInt32, Sendable, CaseIterable {
  /// An unsigned byte.
  case uint8 = 0
  /// A signed byte.
  case int8 = 1
  /// An unsigned 16-bit integer.
  case uint16 = 2
  /// A signed 16-bit integer.
  case int16 = 3
  /// An unsigned 32-bit integer.
  case uint32 = 4
  /// A signed 32-bit integer.
  case int32 = 5
  /// A single-precision number.
  case float32 = 6
  /// A truth value.
  case bool = 7
  /// A string.
  case string = 8
  /// An array of values of one type.
  case array = 9
  /// An unsigned 64-bit integer.
  case uint64 = 10
  /// A signed 64-bit integer.
  case int64 = 11
  /// A double-precision number.
  case float64 = 12

  /// The bytes that a value takes, or takes at least.
  var smallestSize: Int {
    switch self {
    case .uint8, .int8, .bool: 1
    case .uint16, .int16: 2
    case .uint32, .int32, .float32: 4
    case .uint64, .int64, .float64, .string: 8
    case .array: 12
    }
  }
}

/// A metadata value of a GGUF file.
public enum GGUFValue: Sendable {
  /// An unsigned byte.
  case uint8(UInt8)
  /// A signed byte.
  case int8(Int8)
  /// An unsigned 16-bit integer.
  case uint16(UInt16)
  /// A signed 16-bit integer.
  case int16(Int16)
  /// An unsigned 32-bit integer.
  case uint32(UInt32)
  /// A signed 32-bit integer.
  case int32(Int32)
  /// A single-precision number.
  case float32(Float)
  /// A truth value.
  case bool(Bool)
  /// A string.
  case string(String)
  /// An array of values of one type.
  indirect case array(GGUFArray)
  /// An unsigned 64-bit integer.
  case uint64(UInt64)
  /// A signed 64-bit integer.
  case int64(Int64)
  /// A double-precision number.
  case float64(Double)

  /// The value as an integer, where it is one of any width.
  public var integerValue: Int? {
    switch self {
    case .uint8(let value): Int(value)
    case .int8(let value): Int(value)
    case .uint16(let value): Int(value)
    case .int16(let value): Int(value)
    case .uint32(let value): Int(value)
    case .int32(let value): Int(value)
    case .uint64(let value): Int(exactly: value)
    case .int64(let value): Int(exactly: value)
    default: nil
    }
  }

  /// The value as a number, where it is an integer or a number of any width.
  public var numberValue: Double? {
    switch self {
    case .float32(let value): Double(value)
    case .float64(let value): value
    case .uint64(let value): Double(value)
    default: integerValue.map(Double.init)
    }
  }

  /// The string, where this is one.
  public var stringValue: String? { if case .string(let value) = self { value } else { nil } }

  /// The truth value, where this is one.
  public var boolValue: Bool? { if case .bool(let value) = self { value } else { nil } }

  /// The array, where this is one.
  public var arrayValue: GGUFArray? { if case .array(let value) = self { value } else { nil } }

  /// The type in the file.
  public var type: GGUFValueType {
    switch self {
    case .uint8: .uint8
    case .int8: .int8
    case .uint16: .uint16
    case .int16: .int16
    case .uint32: .uint32
    case .int32: .int32
    case .float32: .float32
    case .bool: .bool
    case .string: .string
    case .array: .array
    case .uint64: .uint64
    case .int64: .int64
    case .float64: .float64
    }
  }
}

/// An array in the metadata, kept as the bytes of the file until it is asked for: the tokens and
/// merges of a large vocabulary cost nothing where they are not needed.
public struct GGUFArray: Sendable {
  /// The type of all elements.
  public let elementType: GGUFValueType
  /// The number of elements.
  public let count: Int
  let file: FileBytes
  let range: Range<Int>
  let depth: Int

  init(elementType: GGUFValueType, count: Int, file: FileBytes, range: Range<Int>, depth: Int) {
    self.elementType = elementType
    self.count = count
    self.file = file
    self.range = range
    self.depth = depth
  }

  /// An array of strings, for a file to be written.
  public init(_ strings: [String]) {
    var bytes: [UInt8] = []
    for string in strings { GGUFEncoding.append(string, to: &bytes) }
    self.init(.string, count: strings.count, bytes)
  }

  /// An array of integers, for a file to be written.
  public init(_ integers: [Int32]) {
    var bytes: [UInt8] = []
    for integer in integers { GGUFEncoding.append(integer, to: &bytes) }
    self.init(.int32, count: integers.count, bytes)
  }

  /// An array of numbers, for a file to be written.
  public init(_ numbers: [Float]) {
    var bytes: [UInt8] = []
    for number in numbers { GGUFEncoding.append(number.bitPattern, to: &bytes) }
    self.init(.float32, count: numbers.count, bytes)
  }

  private init(_ type: GGUFValueType, count: Int, _ bytes: [UInt8]) {
    self.init(
      elementType: type, count: count, file: FileBytes(bytes, name: "array"),
      range: 0..<bytes.count, depth: 0)
  }

  /// The bytes of the elements as in the file.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: file.bytes[range]) }

  /// The elements.
  ///
  /// - Throws: ``CheckpointError`` where a string is not UTF-8 or a truth value neither 0 nor 1.
  public func values() throws(CheckpointError) -> [GGUFValue] {
    var cursor = GGUFCursor(file, at: range.lowerBound, end: range.upperBound)
    var values: [GGUFValue] = []
    values.reserveCapacity(count)
    for _ in 0..<count { values.append(try cursor.value(elementType, depth: depth + 1)) }
    return values
  }

  /// The elements as strings.
  ///
  /// - Throws: ``CheckpointError`` where they are none or are not UTF-8.
  public func strings() throws(CheckpointError) -> [String] {
    guard elementType == .string else { throw wrongType("strings") }
    var cursor = GGUFCursor(file, at: range.lowerBound, end: range.upperBound)
    var strings: [String] = []
    strings.reserveCapacity(count)
    for _ in 0..<count { strings.append(try cursor.string("a string in an array")) }
    return strings
  }

  /// The elements as integers.
  ///
  /// - Throws: ``CheckpointError`` where they are none or are beyond 64 bits with sign.
  public func integers() throws(CheckpointError) -> [Int] {
    var result: [Int] = []
    for value in try values() {
      guard let integer = value.integerValue else { throw wrongType("integers") }
      result.append(integer)
    }
    return result
  }

  /// The elements as numbers.
  ///
  /// - Throws: ``CheckpointError`` where they are none.
  public func numbers() throws(CheckpointError) -> [Double] {
    var result: [Double] = []
    for value in try values() {
      guard let number = value.numberValue else { throw wrongType("numbers") }
      result.append(number)
    }
    return result
  }

  private func wrongType(_ expected: String) -> CheckpointError {
    CheckpointError(
      .mismatch, file: file.name, reason: "an array of \(elementType), expected \(expected)")
  }
}

/// How values are put into a GGUF file.
enum GGUFEncoding {
  static func append(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  static func append(_ string: String, to bytes: inout [UInt8]) {
    append(UInt64(string.utf8.count), to: &bytes)
    bytes.append(contentsOf: string.utf8)
  }

  static func append(_ value: GGUFValue, to bytes: inout [UInt8]) {
    switch value {
    case .uint8(let value): append(value, to: &bytes)
    case .int8(let value): append(value, to: &bytes)
    case .uint16(let value): append(value, to: &bytes)
    case .int16(let value): append(value, to: &bytes)
    case .uint32(let value): append(value, to: &bytes)
    case .int32(let value): append(value, to: &bytes)
    case .float32(let value): append(value.bitPattern, to: &bytes)
    case .bool(let value): append(value ? 1 as UInt8 : 0, to: &bytes)
    case .string(let value): append(value, to: &bytes)
    case .array(let value):
      append(value.elementType.rawValue, to: &bytes)
      append(UInt64(value.count), to: &bytes)
      bytes.append(contentsOf: value.bytes)
    case .uint64(let value): append(value, to: &bytes)
    case .int64(let value): append(value, to: &bytes)
    case .float64(let value): append(value.bitPattern, to: &bytes)
    }
  }
}
