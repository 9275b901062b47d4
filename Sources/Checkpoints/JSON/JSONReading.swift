extension JSONValue {
  /// Reads a JSON text.
  ///
  /// - Parameters:
  ///   - bytes: the text, UTF-8.
  ///   - file: the name that errors give.
  ///   - maximumDepth: how deep arrays and objects may be nested.
  /// - Throws: ``CheckpointError`` with the position of the first fault.
  public init(
    parsing bytes: UnsafeRawBufferPointer, file: String, maximumDepth: Int = 64
  ) throws(CheckpointError) {
    var parser = JSONParser(bytes, maximumDepth: maximumDepth)
    do {
      self = try parser.document()
    } catch {
      throw CheckpointError(
        .malformed, file: file, reason: "no JSON at byte \(error.offset): \(error.reason)")
    }
    if case .object(var object) = self {
      object.location = JSONLocation(file: file)
      self = .object(object)
    }
  }

  /// Reads a JSON text in memory.
  public init(
    parsing bytes: [UInt8], file: String, maximumDepth: Int = 64
  ) throws(CheckpointError) {
    let bytes = FileBytes(bytes, name: file)
    try self.init(parsing: bytes.bytes, file: file, maximumDepth: maximumDepth)
    withExtendedLifetime(bytes) {}
  }

  /// Reads a JSON file.
  public init(contentsOfFile path: String, maximumDepth: Int = 64) throws(CheckpointError) {
    let mapped = try MappedFile(path: path)
    try self.init(parsing: mapped.bytes, file: path, maximumDepth: maximumDepth)
    withExtendedLifetime(mapped) {}
  }
}

extension JSONObject {
  /// Reads a JSON text that is an object.
  public init(
    parsing bytes: [UInt8], file: String, maximumDepth: Int = 64
  ) throws(CheckpointError) {
    try self.init(JSONValue(parsing: bytes, file: file, maximumDepth: maximumDepth), file: file)
  }

  /// Reads a JSON text that is an object.
  public init(
    parsing bytes: UnsafeRawBufferPointer, file: String, maximumDepth: Int = 64
  ) throws(CheckpointError) {
    try self.init(JSONValue(parsing: bytes, file: file, maximumDepth: maximumDepth), file: file)
  }

  /// Reads a JSON file that is an object.
  public init(contentsOfFile path: String, maximumDepth: Int = 64) throws(CheckpointError) {
    try self.init(JSONValue(contentsOfFile: path, maximumDepth: maximumDepth), file: path)
  }

  private init(_ value: JSONValue, file: String) throws(CheckpointError) {
    guard case .object(let object) = value else {
      throw CheckpointError(.malformed, file: file, reason: "is \(value.kind), expected an object")
    }
    self = object
  }
}
