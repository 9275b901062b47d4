import Kernels

/// The checked header of a safetensors file: what is where.
struct SafeTensorsHeader: Sendable {
  /// One tensor of the file.
  struct Entry: Sendable {
    let type: SafeTensorsType
    /// As stored: a quantised tensor is stored as bytes.
    let shape: [Int]
    /// What the tensor is as weights, where it can be that.
    let info: TensorInfo?
    /// Where it lies in the file.
    let range: Range<Int>
  }

  /// The largest header that the format allows.
  static let maximumSize = 100_000_000

  let entries: [String: Entry]
  let metadata: [String: String]

  init(_ file: FileBytes) throws(CheckpointError) {
    let size = try Self.size(of: file)
    let bytes = UnsafeRawBufferPointer(rebasing: file.bytes[8..<8 + size])
    guard bytes.first == UInt8(ascii: "{") else {
      throw CheckpointError(.malformed, file: file.name, reason: "the header does not begin with {")
    }
    let header = try JSONObject(parsing: bytes, file: file.name)
    let metadata = try Self.metadata(of: header)
    self.metadata = metadata
    let data = 8 + size..<file.count
    var entries: [String: Entry] = [:]
    entries.reserveCapacity(header.count)
    for (name, _) in header where name != "__metadata__" {
      let entry = try Self.entry(name, of: header, metadata: metadata, data: data)
      guard entries.updateValue(entry, forKey: name) == nil else {
        throw header.error(.malformed, name, reason: "two tensors have this name")
      }
    }
    try Self.checkLayout(entries, data: data, file: file.name)
    self.entries = entries
  }

  private static func size(of file: FileBytes) throws(CheckpointError) -> Int {
    guard file.count >= 8 else {
      throw CheckpointError(
        .malformed, file: file.name,
        reason: "has \(file.count) bytes, too few for a safetensors header")
    }
    let size = UInt64(littleEndian: file.bytes.loadUnaligned(as: UInt64.self))
    guard size <= UInt64(maximumSize) else {
      throw CheckpointError(
        .malformed, file: file.name,
        reason: "a header of \(size) bytes is declared, more than the \(maximumSize) allowed")
    }
    guard Int(size) <= file.count - 8 else {
      throw CheckpointError(
        .malformed, file: file.name,
        reason: "a header of \(size) bytes is declared, but the file ends after \(file.count)")
    }
    return Int(size)
  }

  private static func metadata(
    of header: JSONObject
  ) throws(CheckpointError) -> [String: String] {
    guard header["__metadata__"] != nil else { return [:] }
    let object = try header.object("__metadata__")
    var metadata: [String: String] = [:]
    for (key, _) in object { metadata[key] = try object.string(key) }
    return metadata
  }

  private static func entry(
    _ name: String, of header: JSONObject, metadata: [String: String], data: Range<Int>
  ) throws(CheckpointError) -> Entry {
    guard !name.isEmpty else {
      throw header.error(.malformed, "\"\"", reason: "a tensor has no name")
    }
    let object = try header.object(name)
    let typeName = try object.string("dtype")
    guard let type = SafeTensorsType(rawValue: typeName) else {
      throw object.error(
        .malformed, "dtype", reason: "\"\(typeName.excerpt)\" is no number format of safetensors")
    }
    let shape = try object.integers("shape", in: 0...Int.max)
    let offsets = try object.integers("data_offsets", in: 0...Int.max)
    guard offsets.count == 2, offsets[0] <= offsets[1], offsets[1] <= data.count else {
      throw object.error(
        .malformed, "data_offsets",
        reason: "are \(offsets.prefix(3)), expected begin and end within \(data.count) bytes")
    }
    guard let bytes = byteCount(type, shape: shape) else {
      throw object.error(
        .malformed, "shape", reason: "\(shape.prefix(8)) of \(typeName) has no possible size")
    }
    guard bytes == offsets[1] - offsets[0] else {
      throw object.error(
        .malformed, "data_offsets",
        reason: "give \(offsets[1] - offsets[0]) bytes, but \(shape.prefix(8)) of \(typeName) "
          + "takes \(bytes)")
    }
    let description = metadata[name].flatMap { QuantizedDescription($0) }
    let info =
      if let description {
        try description.info(name, type: type, stored: shape, header: header)
      } else {
        type.elementType.map { TensorInfo(type: $0, shape: shape) }
      }
    return Entry(
      type: type, shape: shape, info: info,
      range: data.lowerBound + offsets[0]..<data.lowerBound + offsets[1])
  }

  private static func byteCount(_ type: SafeTensorsType, shape: [Int]) -> Int? {
    guard let count = checkedProduct(shape) else { return nil }
    let (bits, overflow) = count.multipliedReportingOverflow(by: type.bits)
    return overflow || bits % 8 != 0 ? nil : bits / 8
  }

  /// Checks that the tensors fill the data without holes and without overlap.
  private static func checkLayout(
    _ entries: [String: Entry], data: Range<Int>, file: String
  ) throws(CheckpointError) {
    let ordered = entries.sorted {
      ($0.value.range.lowerBound, $0.value.range.upperBound, $0.key)
        < ($1.value.range.lowerBound, $1.value.range.upperBound, $1.key)
    }
    var end = data.lowerBound
    for (name, entry) in ordered {
      guard entry.range.lowerBound == end else {
        let fault = entry.range.lowerBound < end ? "overlaps" : "leaves a hole after"
        throw CheckpointError(
          .malformed, file: file, subject: name.excerpt, reason: "\(fault) the tensor before it")
      }
      end = entry.range.upperBound
    }
    guard end == data.upperBound else {
      throw CheckpointError(
        .malformed, file: file,
        reason: "\(data.upperBound - end) bytes at the end belong to no tensor")
    }
  }
}

/// What the metadata says of a quantised tensor: `Q8_0 4096 4096`, the number format and the shape.
///
/// The tensor itself is stored as bytes, `[rows, bytes of a row]`, where the rows are the first
/// dimension and all the others are joined.
struct QuantizedDescription {
  private let type: ElementType
  private let shape: [Int]?

  /// Understands a description; nil where the text does not begin with a quantised format.
  init?(_ text: String) {
    let words = text.split(separator: " ", omittingEmptySubsequences: false)
    guard let type = ElementType(rawValue: String(words[0])), type.blockElements > 1 else {
      return nil
    }
    self.type = type
    let sizes = words.dropFirst().compactMap { Int($0) }
    shape = sizes.count == words.count - 1 && sizes.count >= 2 ? sizes : nil
  }

  /// The text of a description.
  static func text(_ type: ElementType, shape: [Int]) -> String {
    ([type.rawValue] + shape.map(String.init)).joined(separator: " ")
  }

  /// The shape of the stored bytes; nil where a row is no whole number of blocks or a size is not
  /// possible.
  static func storedShape(_ type: ElementType, shape: [Int]) -> [Int]? {
    guard shape.count >= 2, checkedProduct(shape) != nil,
      let columns = checkedProduct(shape.dropFirst()),
      let rowBytes = type.rowBytes(columns: columns),
      type.byteCount(rows: shape[0], columns: columns) != nil
    else { return nil }
    return [shape[0], rowBytes]
  }

  func info(
    _ name: String, type stored: SafeTensorsType, stored storedShape: [Int], header: JSONObject
  ) throws(CheckpointError) -> TensorInfo {
    guard let shape, let expected = Self.storedShape(type, shape: shape) else {
      throw header.error(
        .malformed, name, reason: "its metadata give no possible shape of \(type.rawValue)")
    }
    guard stored == .uint8, storedShape == expected else {
      throw header.error(
        .malformed, name,
        reason: "is stored as \(stored.rawValue) \(storedShape.prefix(8)), but "
          + "\(Self.text(type, shape: Array(shape.prefix(8)))) takes U8 \(expected)")
    }
    return TensorInfo(type: type, shape: shape)
  }
}
