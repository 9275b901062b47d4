/// GGUF files as bytes, right or wrong.
struct GGUFBytes {
  private var keys: [UInt8] = []
  private var keyCount: UInt64 = 0
  private var tensors: [UInt8] = []
  private var tensorCount: UInt64 = 0

  /// What the header says instead of the truth.
  var magic = "GGUF"
  var version: UInt32 = 3
  var statedKeyCount: UInt64?
  var statedTensorCount: UInt64?
  var data: [UInt8] = []

  static func integer(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }

  static func string(_ text: String) -> [UInt8] {
    integer(UInt64(text.utf8.count)) + Array(text.utf8)
  }

  mutating func key(_ name: String, type: UInt32, _ value: [UInt8]) {
    key(Self.string(name), type: type, value)
  }

  mutating func key(_ name: [UInt8], type: UInt32, _ value: [UInt8]) {
    keys += name + Self.integer(type) + value
    keyCount += 1
  }

  mutating func tensor(
    _ name: String, dimensions: [UInt64], type: UInt32 = 0, offset: UInt64 = 0,
    statedDimensions: UInt32? = nil
  ) {
    tensors += Self.string(name)
    tensors += Self.integer(statedDimensions ?? UInt32(dimensions.count))
    for size in dimensions { tensors += Self.integer(size) }
    tensors += Self.integer(type) + Self.integer(offset)
    tensorCount += 1
  }

  /// The file; `alignment` is that of the data.
  func bytes(alignment: Int = 32) -> [UInt8] {
    var bytes = Array(magic.utf8) + Self.integer(version)
    bytes += Self.integer(statedTensorCount ?? tensorCount)
    bytes += Self.integer(statedKeyCount ?? keyCount) + keys + tensors
    bytes += [UInt8](repeating: 0, count: (alignment - bytes.count % alignment) % alignment)
    return bytes + data
  }
}
