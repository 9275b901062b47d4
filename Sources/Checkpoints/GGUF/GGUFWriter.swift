public import Kernels

/// Writes a GGUF file (version 3): metadata and tensors are declared first, then the tensors' bytes
/// follow in order.
///
/// The file appears under its name only when ``finish()`` succeeds.
public struct GGUFWriter: ~Copyable {
  /// A tensor that will be written.
  public struct Declaration: Sendable {
    let name: String
    let type: ElementType
    let shape: [Int]
    let byteCount: Int

    /// Declares a tensor with its sizes outermost first; blocks run along the last one.
    ///
    /// - Throws: ``CheckpointError`` where the name or the shape is not possible in the format.
    public init(_ name: String, type: ElementType, shape: [Int]) throws(CheckpointError) {
      guard (1...GGUFHeader.maximumNameLength).contains(name.utf8.count) else {
        throw CheckpointError(
          .mismatch, subject: name,
          reason: "a name has 1 to \(GGUFHeader.maximumNameLength) bytes")
      }
      guard shape.count <= GGUFHeader.maximumDimensions,
        let bytes = GGMLType(GGMLType.id(of: type))?.byteCount(shape: shape)
      else {
        throw CheckpointError(
          .mismatch, subject: name,
          reason: "\(type.rawValue) cannot be stored in the shape \(shape)")
      }
      self.name = name
      self.type = type
      self.shape = shape
      byteCount = bytes
    }
  }

  private var output: OutputFile
  private let tensors: [Declaration]
  private var next = 0

  /// Begins a file with its header; names of keys and of tensors must differ.
  ///
  /// - Throws: ``CheckpointError`` where the file cannot be written.
  public init(
    path: String, metadata: [(key: String, value: GGUFValue)], tensors: [Declaration]
  ) throws(CheckpointError) {
    self.tensors = tensors
    output = try Self.begin(path, Self.header(metadata, tensors, file: path))
  }

  private static func begin(
    _ path: String, _ header: [UInt8]
  ) throws(CheckpointError) -> OutputFile {
    var output = try OutputFile(path: path)
    try output.append(header)
    try output.pad(to: GGUFHeader.defaultAlignment)
    return output
  }

  private static func header(
    _ metadata: [(key: String, value: GGUFValue)], _ tensors: [Declaration], file: String
  ) throws(CheckpointError) -> [UInt8] {
    var seen: Set<String> = []
    for name in metadata.map(\.key) + tensors.map({ "tensor \($0.name)" })
    where !seen.insert(name).inserted {
      throw CheckpointError(.mismatch, file: file, subject: name, reason: "the name comes twice")
    }
    precondition(!seen.contains("general.alignment"), "the alignment is the default one")
    var bytes = GGUFHeader.magic
    GGUFEncoding.append(3 as UInt32, to: &bytes)
    GGUFEncoding.append(UInt64(tensors.count), to: &bytes)
    GGUFEncoding.append(UInt64(metadata.count), to: &bytes)
    for (key, value) in metadata {
      GGUFEncoding.append(key, to: &bytes)
      GGUFEncoding.append(value.type.rawValue, to: &bytes)
      GGUFEncoding.append(value, to: &bytes)
    }
    var offset = 0
    for tensor in tensors {
      GGUFEncoding.append(tensor.name, to: &bytes)
      GGUFEncoding.append(UInt32(tensor.shape.count), to: &bytes)
      for size in tensor.shape.reversed() { GGUFEncoding.append(UInt64(size), to: &bytes) }
      GGUFEncoding.append(GGMLType.id(of: tensor.type), to: &bytes)
      GGUFEncoding.append(UInt64(offset), to: &bytes)
      let alignment = GGUFHeader.defaultAlignment
      offset += (tensor.byteCount + alignment - 1) / alignment * alignment
    }
    return bytes
  }

  /// Writes the bytes of the next declared tensor.
  ///
  /// - Important: Traps unless `bytes` has the size that was declared.
  /// - Throws: ``CheckpointError`` where the disk is full or fails.
  public mutating func append(_ bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
    precondition(next < tensors.count, "all declared tensors are written")
    precondition(bytes.count == tensors[next].byteCount, "the size is another than declared")
    try output.append(bytes)
    try output.pad(to: GGUFHeader.defaultAlignment)
    next += 1
  }

  /// Writes weights of the declared format.
  public mutating func append(_ weights: WeightMatrix) throws(CheckpointError) {
    try append(weights.bytes)
  }

  /// Makes the file durable and gives it its name.
  ///
  /// - Important: Traps unless all declared tensors are written.
  public consuming func finish() throws(CheckpointError) {
    precondition(next == tensors.count, "a declared tensor is not written")
    try output.finish()
  }
}
