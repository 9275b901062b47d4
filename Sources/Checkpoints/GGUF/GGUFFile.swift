public import Kernels

/// A GGUF file (version 2 or 3, little-endian), memory-mapped: its tensors are views of the map.
///
/// The face is raw: names, metadata and order of rows as in the file; see ``LlamaGGUF`` for
/// a model under the names of its public checkpoint. Tensors of formats that cannot be weights
/// are legal; asking for them as weights is an error.
public final class GGUFFile: TensorSource {
  struct Entry: Sendable {
    let typeName: String
    let shape: [Int]
    let info: TensorInfo?
    let range: Range<Int>
  }

  let file: FileBytes
  private let entries: [String: Entry]

  /// All metadata.
  public let metadata: [String: GGUFValue]
  /// All names of tensors that can be weights, sorted.
  public let names: [String]

  /// Opens a file.
  ///
  /// - Throws: ``CheckpointError`` where the file cannot be read or breaks a rule of the format.
  public convenience init(path: String) throws(CheckpointError) {
    try self.init(FileBytes(path: path))
  }

  /// Reads a file's bytes; errors give `name` as the file.
  public convenience init(bytes: [UInt8], name: String) throws(CheckpointError) {
    try self.init(FileBytes(bytes, name: name))
  }

  init(_ file: FileBytes) throws(CheckpointError) {
    self.file = file
    let header = try GGUFHeader(file)
    metadata = header.metadata
    entries = header.entries
    names = entries.filter { $0.value.info != nil }.keys.sorted()
  }

  /// The path or name of the file.
  public var name: String { file.name }

  /// All names, sorted, also of tensors that cannot be weights.
  public var allNames: [String] { entries.keys.sorted() }

  /// What is known of a tensor, its sizes outermost first; nil where there is none or it cannot be
  /// weights.
  public func info(_ name: String) -> TensorInfo? { entries[name]?.info }

  /// The number format as the format's authors name it, and the shape, outermost first.
  public func stored(_ name: String) -> (type: String, shape: [Int])? {
    entries[name].map { ($0.typeName, $0.shape) }
  }

  /// The weights of a tensor, as a view of the mapped file.
  public func matrix(
    _ name: String, rows: Int, columns: Int
  ) throws(CheckpointError) -> WeightMatrix {
    guard let entry = entries[name] else { throw .missingTensor(name, in: file.name) }
    guard let info = entry.info else {
      throw CheckpointError(
        .unsupported, file: file.name, subject: name.excerpt,
        reason: "\(entry.typeName) cannot be used as weights")
    }
    try info.checkView(name, rows: rows, columns: columns, file: file.name)
    return WeightMatrix(
      rows: rows, columns: columns, type: info.type, storage: file.storage,
      byteOffset: entry.range.lowerBound)
  }
}

/// Typed access to metadata; each throws ``CheckpointError`` with the file and the key.
extension GGUFFile {
  func error(_ code: CheckpointError.Code, _ key: String, _ reason: String) -> CheckpointError {
    CheckpointError(code, file: file.name, subject: key.excerpt, reason: reason)
  }

  private func typed<T>(
    _ key: String, _ expected: String, _ convert: (GGUFValue) -> T?
  ) throws(CheckpointError) -> T? {
    guard let value = metadata[key] else { return nil }
    guard let converted = convert(value) else {
      throw error(.mismatch, key, "is of type \(value.type), expected \(expected)")
    }
    return converted
  }

  private func required<T>(
    _ key: String, _ value: T?
  ) throws(CheckpointError) -> T {
    guard let value else { throw error(.missing, key, "is not in the metadata") }
    return value
  }

  /// An integer of any width in a range, or nil where there is none.
  public func optionalInteger(
    _ key: String, in range: ClosedRange<Int> = Int.min...Int.max
  ) throws(CheckpointError) -> Int? {
    guard let value = try typed(key, "an integer", \.integerValue) else { return nil }
    guard range.contains(value) else {
      throw error(
        .mismatch, key, "is \(value), expected \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  /// An integer of any width in a range.
  public func integer(
    _ key: String, in range: ClosedRange<Int> = Int.min...Int.max
  ) throws(CheckpointError) -> Int {
    try required(key, optionalInteger(key, in: range))
  }

  /// A finite number of any width, or nil where there is none.
  public func optionalNumber(_ key: String) throws(CheckpointError) -> Double? {
    try typed(key, "a finite number") { value in
      value.numberValue.flatMap { $0.isFinite ? $0 : nil }
    }
  }

  /// A finite number of any width.
  public func number(_ key: String) throws(CheckpointError) -> Double {
    try required(key, optionalNumber(key))
  }

  /// A string, or nil where there is none.
  public func optionalString(_ key: String) throws(CheckpointError) -> String? {
    try typed(key, "a string", \.stringValue)
  }

  /// A string.
  public func string(_ key: String) throws(CheckpointError) -> String {
    try required(key, optionalString(key))
  }

  /// A truth value, or nil where there is none.
  public func optionalBool(_ key: String) throws(CheckpointError) -> Bool? {
    try typed(key, "a truth value", \.boolValue)
  }

  /// An array, or nil where there is none.
  public func optionalArray(_ key: String) throws(CheckpointError) -> GGUFArray? {
    try typed(key, "an array", \.arrayValue)
  }

  /// An array.
  public func array(_ key: String) throws(CheckpointError) -> GGUFArray {
    try required(key, optionalArray(key))
  }
}
