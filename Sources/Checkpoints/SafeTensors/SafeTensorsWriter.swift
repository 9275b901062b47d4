public import Kernels

/// Writes a safetensors file: the tensors are declared first, then their bytes follow in order.
///
/// The file appears under its name only when ``finish()`` succeeds.
public struct SafeTensorsWriter: ~Copyable {
  /// A tensor that will be written.
  public struct Declaration: Sendable {
    let name: String
    let storedType: String
    let storedShape: [Int]
    let byteCount: Int
    let description: String?

    /// Declares weights; quantised ones need at least two dimensions and whole blocks in a row,
    /// where a row is all but the first dimension.
    ///
    /// - Throws: ``CheckpointError`` where the shape is not possible.
    public init(_ name: String, type: ElementType, shape: [Int]) throws(CheckpointError) {
      self.name = name
      if type.blockElements > 1 {
        guard let stored = QuantizedDescription.storedShape(type, shape: shape) else {
          throw Self.impossible(name, type.rawValue, shape)
        }
        storedType = SafeTensorsType.uint8.rawValue
        storedShape = stored
        byteCount = stored[0] * stored[1]
        description = QuantizedDescription.text(type, shape: shape)
      } else {
        guard let count = checkedProduct(shape),
          let bytes = type.byteCount(rows: 1, columns: count)
        else { throw Self.impossible(name, type.rawValue, shape) }
        storedType = type.rawValue
        storedShape = shape
        byteCount = bytes
        description = nil
      }
    }

    /// Declares 64-bit integers.
    public init(integers name: String, shape: [Int]) throws(CheckpointError) {
      guard let count = checkedProduct(shape), count <= Int.max / 8 else {
        throw Self.impossible(name, "I64", shape)
      }
      self.name = name
      storedType = SafeTensorsType.int64.rawValue
      storedShape = shape
      byteCount = count * 8
      description = nil
    }

    private static func impossible(
      _ name: String, _ type: String, _ shape: [Int]
    ) -> CheckpointError {
      CheckpointError(
        .mismatch, subject: name, reason: "\(type) cannot be stored in the shape \(shape)")
    }
  }

  private var output: OutputFile
  private let path: String
  private let tensors: [Declaration]
  private var next = 0

  /// Begins a file with its header.
  ///
  /// - Parameters:
  ///   - path: the file; an older one is replaced at the end.
  ///   - tensors: all tensors, in the order in which their bytes will come; names must differ.
  ///   - metadata: notes for `__metadata__`.
  /// - Throws: ``CheckpointError`` where the file cannot be written.
  public init(
    path: String, tensors: [Declaration], metadata: [String: String] = [:]
  ) throws(CheckpointError) {
    self.path = path
    self.tensors = tensors
    let header = try Self.header(tensors, metadata: metadata, file: path)
    output = try Self.begin(path, header: header)
  }

  private static func begin(
    _ path: String, header: [UInt8]
  ) throws(CheckpointError) -> OutputFile {
    var output = try OutputFile(path: path)
    let size = UInt64(header.count)
    try output.append((0..<8).map { UInt8(truncatingIfNeeded: size >> (8 * $0)) })
    try output.append(header)
    return output
  }

  private static func header(
    _ tensors: [Declaration], metadata: [String: String], file: String
  ) throws(CheckpointError) -> [UInt8] {
    var notes = metadata
    for tensor in tensors {
      if let description = tensor.description { notes[tensor.name] = description }
    }
    var pairs: [JSONObject.Element] = []
    if !notes.isEmpty {
      let sorted = notes.sorted { $0.key < $1.key }
      let object = JSONObject(sorted.map { (key: $0.key, value: .string($0.value)) })
      pairs.append((key: "__metadata__", value: .object(object)))
    }
    var offset = 0
    for tensor in tensors {
      let (end, overflow) = offset.addingReportingOverflow(tensor.byteCount)
      guard !tensor.name.isEmpty, tensor.name != "__metadata__", !overflow else {
        throw CheckpointError(
          .mismatch, file: file, subject: tensor.name, reason: "cannot be stored")
      }
      let entry: JSONValue = [
        "dtype": .string(tensor.storedType),
        "shape": .array(tensor.storedShape.map { .integer(Int64($0)) }),
        "data_offsets": [.integer(Int64(offset)), .integer(Int64(end))],
      ]
      pairs.append((key: tensor.name, value: entry))
      offset = end
    }
    var twice = ""
    guard let object = JSONObject(checking: pairs, duplicate: { twice = $0 }) else {
      throw CheckpointError(
        .mismatch, file: file, subject: twice, reason: "two tensors have this name")
    }
    var text = JSONValue.object(object).encoded()
    // Spaces at the end keep the data 8-byte aligned.
    text += [UInt8](repeating: UInt8(ascii: " "), count: (8 - text.count % 8) % 8)
    guard text.count <= SafeTensorsHeader.maximumSize else {
      throw CheckpointError(
        .unsupported, file: file, reason: "the header would be larger than the format allows")
    }
    return text
  }

  /// Writes the bytes of the next declared tensor.
  ///
  /// - Important: Traps unless `bytes` has the size that was declared.
  /// - Throws: ``CheckpointError`` where the disk is full or fails.
  public mutating func append(_ bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
    precondition(next < tensors.count, "all declared tensors are written")
    precondition(bytes.count == tensors[next].byteCount, "the size is another than declared")
    try output.append(bytes)
    next += 1
  }

  /// Writes weights of the declared format.
  public mutating func append(_ weights: WeightMatrix) throws(CheckpointError) {
    try append(weights.bytes)
  }

  /// Writes single-precision values.
  public mutating func append(_ values: [Float]) throws(CheckpointError) {
    try values.withUnsafeBufferPointer { (values) throws(CheckpointError) in
      try append(UnsafeRawBufferPointer(values))
    }
  }

  /// Makes the file durable and gives it its name.
  ///
  /// - Important: Traps unless all declared tensors are written.
  public consuming func finish() throws(CheckpointError) {
    precondition(next == tensors.count, "a declared tensor is not written")
    try output.finish()
  }
}
