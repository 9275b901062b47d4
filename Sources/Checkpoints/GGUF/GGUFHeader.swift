import Kernels

/// The checked header of a GGUF file: metadata, and what is where.
struct GGUFHeader {
  let metadata: [String: GGUFValue]
  let entries: [String: GGUFFile.Entry]

  /// What a file says of a tensor, before the data's place is known.
  private struct Declaration {
    let name: String
    let shape: [Int]
    let type: UInt32
    let offset: UInt64
  }

  static let magic = Array("GGUF".utf8)
  static let defaultAlignment = 32
  static let maximumNameLength = 64
  static let maximumDimensions = 4

  init(_ file: FileBytes) throws(CheckpointError) {
    var cursor = GGUFCursor(file)
    try Self.checkVersion(&cursor)
    // A tensor takes at least an empty name, a count, a type and an offset; a key an empty name, a
    // type and a byte.
    let tensorCount = try cursor.count("the number of tensors", each: 24)
    let keyCount = try cursor.count("the number of keys", each: 13)
    metadata = try Self.metadata(&cursor, count: keyCount)
    var declarations: [Declaration] = []
    for _ in 0..<tensorCount { declarations.append(try Self.declaration(&cursor)) }
    let alignment = try Self.alignment(metadata, cursor)
    let start = (cursor.offset + alignment - 1) / alignment * alignment
    entries = try Self.entries(
      declarations, start: start, alignment: alignment, file: file)
  }

  private static func checkVersion(_ cursor: inout GGUFCursor) throws(CheckpointError) {
    guard cursor.file.bytes.prefix(4).elementsEqual(magic) else {
      throw cursor.failure("does not begin with GGUF")
    }
    cursor.offset = 4
    let version: UInt32 = try cursor.integer("the version")
    guard version != 2, version != 3 else { return }
    let reason =
      version.byteSwapped == 2 || version.byteSwapped == 3
      ? "is big-endian, only little-endian files can be read"
      : "is of version \(version), only 2 and 3 can be read"
    throw CheckpointError(.unsupported, file: cursor.file.name, reason: reason)
  }

  private static func metadata(
    _ cursor: inout GGUFCursor, count: Int
  ) throws(CheckpointError) -> [String: GGUFValue] {
    var metadata: [String: GGUFValue] = [:]
    for _ in 0..<count {
      let key = try cursor.string("a key")
      guard !key.isEmpty else { throw cursor.failure("a key has no name") }
      let type = try cursor.valueType()
      let value = try cursor.value(type)
      guard metadata.updateValue(value, forKey: key) == nil else {
        throw cursor.failure("two keys have this name", subject: key)
      }
    }
    return metadata
  }

  private static func declaration(
    _ cursor: inout GGUFCursor
  ) throws(CheckpointError) -> Declaration {
    let name = try cursor.string("a tensor's name")
    guard !name.isEmpty else { throw cursor.failure("a tensor has no name") }
    guard name.utf8.count <= maximumNameLength else {
      throw cursor.failure(
        "the name has \(name.utf8.count) bytes, more than the \(maximumNameLength) allowed",
        subject: name)
    }
    let dimensions: UInt32 = try cursor.integer("a tensor's dimensions")
    guard dimensions <= maximumDimensions else {
      throw cursor.failure(
        "has \(dimensions) dimensions, more than the \(maximumDimensions) allowed", subject: name)
    }
    var shape: [Int] = []
    for _ in 0..<dimensions {
      let size: UInt64 = try cursor.integer("a tensor's sizes")
      guard let size = Int(exactly: size) else {
        throw cursor.failure("has a size of \(size)", subject: name)
      }
      shape.insert(size, at: 0)
    }
    return Declaration(
      name: name, shape: shape, type: try cursor.integer("a tensor's type"),
      offset: try cursor.integer("a tensor's offset"))
  }

  private static func alignment(
    _ metadata: [String: GGUFValue], _ cursor: GGUFCursor
  ) throws(CheckpointError) -> Int {
    guard let value = metadata["general.alignment"] else { return defaultAlignment }
    guard let alignment = value.integerValue, alignment > 0, alignment <= 1 << 20,
      alignment & (alignment - 1) == 0
    else {
      throw cursor.failure("is no power of two up to 1048576", subject: "general.alignment")
    }
    return alignment
  }

  private static func entries(
    _ declarations: [Declaration], start: Int, alignment: Int, file: FileBytes
  ) throws(CheckpointError) -> [String: GGUFFile.Entry] {
    let available = max(file.count - start, 0)
    var entries: [String: GGUFFile.Entry] = [:]
    for declaration in declarations {
      func failure(_ reason: String) -> CheckpointError {
        CheckpointError(
          .malformed, file: file.name, subject: declaration.name.excerpt, reason: reason)
      }
      guard declaration.offset % UInt64(alignment) == 0 else {
        throw failure("the offset \(declaration.offset) is no multiple of \(alignment)")
      }
      guard declaration.offset <= UInt64(available) else {
        throw failure("begins at \(declaration.offset), but there are \(available) bytes of data")
      }
      let begin = Int(declaration.offset)
      let type = GGMLType(declaration.type)
      guard checkedProduct(declaration.shape) != nil else {
        throw failure("the shape \(declaration.shape) has no possible size")
      }
      // Of an unknown format only the beginning is known.
      var bytes = 0
      if let type {
        guard let size = type.byteCount(shape: declaration.shape) else {
          throw failure("the shape \(declaration.shape) is not possible in \(type.name)")
        }
        bytes = size
      }
      guard bytes <= available - begin else {
        throw failure("takes \(bytes) bytes, but \(available - begin) are left in the file")
      }
      let info = type?.elementType.map { TensorInfo(type: $0, shape: declaration.shape) }
      let entry = GGUFFile.Entry(
        typeName: type?.name ?? "type \(declaration.type)", shape: declaration.shape, info: info,
        range: start + begin..<start + begin + bytes)
      guard entries.updateValue(entry, forKey: declaration.name) == nil else {
        throw failure("two tensors have this name")
      }
    }
    try checkOverlap(entries, file: file.name)
    return entries
  }

  private static func checkOverlap(
    _ entries: [String: GGUFFile.Entry], file: String
  ) throws(CheckpointError) {
    let ordered = entries.filter { !$0.value.range.isEmpty }.sorted {
      ($0.value.range.lowerBound, $0.key) < ($1.value.range.lowerBound, $1.key)
    }
    for (former, latter) in zip(ordered, ordered.dropFirst())
    where latter.value.range.lowerBound < former.value.range.upperBound {
      throw CheckpointError(
        .malformed, file: file, subject: latter.key.excerpt, reason: "overlaps \(former.key)")
    }
  }
}
