/// The position of an 80 ms block since the session began; the first block is 0.
///
/// ```swift
/// let block = BlockIndex(25)
/// block.start  // 2 seconds
/// block.end    // 2.08 seconds
/// ```
public struct BlockIndex: Hashable, Sendable {
  /// How long a block lasts: 80 ms.
  public static let duration = Duration.milliseconds(80)

  /// How many whole samples a block has.
  ///
  /// - Parameter rate: Samples per second.
  /// - Returns: The number.
  package static func samples(at rate: Int) -> Int { rate * 80 / 1_000 }

  /// The first block of a session.
  public static let first = BlockIndex(0)

  /// How many blocks came before this one.
  public let position: Int

  /// Makes the index of a block.
  ///
  /// - Parameter position: How many blocks came before it; not negative.
  public init(_ position: Int) {
    precondition(position >= 0, "A block's position is not negative: \(position)")
    self.position = position
  }

  /// Makes the index of the block that holds a time.
  ///
  /// - Parameter time: Time since the session began; not negative. The end of a block belongs to
  ///   the next one.
  public init(at time: Duration) {
    precondition(time >= .zero, "A time since the session began is not negative: \(time)")
    let (seconds, attoseconds) = time.components
    // 25 blocks are exactly 2 s, so whole seconds and their rest are exact in integers.
    let nanoseconds = Int(seconds % 2) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)
    self.init(Int(seconds / 2) * 25 + nanoseconds / 80_000_000)
  }

  /// When the block begins, since the session began.
  public var start: Duration { Self.duration * position }

  /// When the block ends, which is when all of it has been heard.
  public var end: Duration { start + Self.duration }

  /// The block after this one.
  public var next: BlockIndex { advanced(by: 1) }
}

extension BlockIndex: Strideable {
  /// How many blocks later another one is.
  ///
  /// - Parameter other: The other block.
  /// - Returns: The number; negative where it is earlier.
  public func distance(to other: BlockIndex) -> Int { other.position - position }

  /// The block that is some blocks later.
  ///
  /// - Parameter count: How many; negative for earlier.
  /// - Returns: The block.
  public func advanced(by count: Int) -> BlockIndex { BlockIndex(position + count) }
}

extension BlockIndex: CustomStringConvertible {
  /// `block 12`.
  public var description: String { "block \(position)" }
}

extension BlockIndex: Codable {
  /// Reads it from its JSON form.
  ///
  /// - Parameter decoder: Where from.
  /// - Throws: `DecodingError`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let position = try container.decode(Int.self)
    guard position >= 0 else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "A block's position is not negative: \(position)")
    }
    self.position = position
  }

  /// Writes its JSON form.
  ///
  /// - Parameter encoder: Where to.
  /// - Throws: `EncodingError`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(position)
  }
}
