public import Kernels

/// A safetensors file, memory-mapped: its tensors are views of the mapping and are not copied.
///
/// All rules of the format are checked when the file is opened, so that a file that opens can be
/// read to its last byte. Tensors of number formats that cannot be weights are legal; asking for
/// them as weights is an error.
///
/// Quantised weights are stored as bytes, `U8 [rows, bytes of a row]`, with the format and the
/// shape under the tensor's name in `__metadata__`, for example `Q8_0 4096 4096`.
public final class SafeTensorsFile: TensorSource {
  private let file: FileBytes
  private let header: SafeTensorsHeader

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
    header = try SafeTensorsHeader(file)
    names = header.entries.filter { $0.value.info != nil }.keys.sorted()
  }

  /// The path or name of the file.
  public var name: String { file.name }

  /// The file's own notes.
  public var metadata: [String: String] { header.metadata }

  /// All names, sorted, also of tensors that cannot be weights.
  public var allNames: [String] { header.entries.keys.sorted() }

  /// What is known of a tensor; nil where there is none or it cannot be weights.
  public func info(_ name: String) -> TensorInfo? { header.entries[name]?.info }

  /// The number format as the file names it, and the shape as stored.
  public func stored(_ name: String) -> (type: String, shape: [Int])? {
    header.entries[name].map { ($0.type.rawValue, $0.shape) }
  }

  /// The weights of a tensor, as a view of the mapped file.
  public func matrix(
    _ name: String, rows: Int, columns: Int
  ) throws(CheckpointError) -> WeightMatrix {
    let entry = try entry(name)
    guard let info = entry.info else {
      throw CheckpointError(
        .unsupported, file: file.name, subject: name.excerpt,
        reason: "\(entry.type.rawValue) cannot be used as weights")
    }
    try info.checkView(name, rows: rows, columns: columns, file: file.name)
    return WeightMatrix(
      rows: rows, columns: columns, type: info.type, storage: file.storage,
      byteOffset: entry.range.lowerBound)
  }

  /// The values of an I64, I32 or U8 tensor.
  ///
  /// - Throws: ``CheckpointError`` where there is none of this name or it has another format.
  public func integers(_ name: String) throws(CheckpointError) -> [Int] {
    let entry = try entry(name)
    let bytes = UnsafeRawBufferPointer(rebasing: file.bytes[entry.range])
    switch entry.type {
    case .int64:
      return stride(from: 0, to: bytes.count, by: 8).map {
        Int(Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: $0, as: Int64.self)))
      }
    case .int32:
      return stride(from: 0, to: bytes.count, by: 4).map {
        Int(Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: $0, as: Int32.self)))
      }
    case .uint8: return bytes.map(Int.init)
    default:
      throw CheckpointError(
        .unsupported, file: file.name, subject: name.excerpt,
        reason: "is \(entry.type.rawValue), expected I64, I32 or U8")
    }
  }

  /// The bytes of a tensor as stored.
  package func bytes(_ name: String) throws(CheckpointError) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: file.bytes[try entry(name).range])
  }

  private func entry(_ name: String) throws(CheckpointError) -> SafeTensorsHeader.Entry {
    guard let entry = header.entries[name] else { throw .missingTensor(name, in: file.name) }
    return entry
  }
}
