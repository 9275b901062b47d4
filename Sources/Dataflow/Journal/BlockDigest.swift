/// A 64-bit digest (xxHash64) of what a stage put out for a block, to compare two runs.
///
/// ```swift
/// var digest = BlockDigest.Builder()
/// digest.add(samples)
/// digest.add(UInt64(token))
/// digest.finished()
/// ```
///
/// Equal digests mean equal bits in the same order; -0.0 and 0.0 differ, and so do the patterns
/// of NaN.
public struct BlockDigest: Hashable, Sendable {
  /// The digest's bits.
  public let value: UInt64

  /// Makes a digest from its bits.
  ///
  /// - Parameter value: The bits.
  public init(value: UInt64) { self.value = value }

  /// Digests floats by their bit patterns.
  ///
  /// - Parameter floats: The floats; their order counts.
  public init(of floats: [Float]) {
    var builder = Builder()
    builder.add(floats)
    self = builder.finished()
  }

  /// Digests bytes.
  ///
  /// - Parameter bytes: The bytes; their order counts.
  public init(of bytes: [UInt8]) {
    var builder = Builder()
    builder.add(bytes)
    self = builder.finished()
  }

  /// Takes a digest's input in pieces; only the bytes count, not where the pieces end.
  public struct Builder: Sendable {
    private var hasher = XXHash64()

    /// Makes a builder that has taken nothing.
    public init() {}

    /// Takes bytes.
    ///
    /// - Parameter bytes: The bytes.
    public mutating func add(_ bytes: UnsafeRawBufferPointer) { hasher.update(bytes) }

    /// Takes bytes.
    ///
    /// - Parameter bytes: The bytes.
    public mutating func add(_ bytes: [UInt8]) { bytes.withUnsafeBytes { hasher.update($0) } }

    /// Takes floats by their bit patterns.
    ///
    /// - Parameter floats: The floats.
    public mutating func add(_ floats: [Float]) { floats.withUnsafeBytes { hasher.update($0) } }

    /// Takes a number, low byte first.
    ///
    /// - Parameter value: The number.
    public mutating func add(_ value: UInt64) { hasher.update(value) }

    /// The digest of what was taken so far.
    ///
    /// - Returns: The digest; more can be added after it.
    public func finished() -> BlockDigest { BlockDigest(value: hasher.finished()) }
  }
}

extension BlockDigest: CustomStringConvertible {
  /// Sixteen hexadecimal digits.
  public var description: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

/// In JSON a digest is a string, because a number there has 53 bits in most readers.
extension BlockDigest: Codable {
  /// Reads it from its JSON form.
  ///
  /// - Parameter decoder: Where from.
  /// - Throws: `DecodingError`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard text.utf8.count == 16, text.first != "+", text.first != "-",
      let value = UInt64(text, radix: 16)
    else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "Not a digest: \(text)")
    }
    self.value = value
  }

  /// Writes its JSON form.
  ///
  /// - Parameter encoder: Where to.
  /// - Throws: `EncodingError`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
