/// Four sums with signs drawn at random, of what a stage put out for a block.
///
/// Digests say that two outputs differ, sketches say by how much, without the outputs themselves:
/// the mean square of the differences of the sums estimates the sum of the squared differences of
/// the values. (Alon, Matias and Szegedy, The space complexity of approximating the frequency
/// moments, 1996.) With four sums the estimate is good to a factor of two or so.
public struct BlockSketch: Hashable, Sendable {
  /// The sums.
  public let sums: SIMD4<Float>

  /// Sketches values; their order counts.
  ///
  /// - Parameter values: The values, all finite.
  public init(of values: [Float]) {
    // The signs are those bits of a fixed sequence, so that every build draws the same ones.
    var state: UInt64 = 0x9E37_79B9_7F4A_7C15
    var sums = SIMD4<Double>()
    for value in values {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let bits = SIMD4<UInt32>(repeating: UInt32(truncatingIfNeeded: state >> 60))
      let signs = 1 - 2 * SIMD4<Double>((bits &>> SIMD4(0, 1, 2, 3)) & 1)
      sums += Double(value) * signs
    }
    self.sums = SIMD4<Float>(sums)
  }

  /// The estimated Euclidean norm of the difference of two outputs of equal length.
  ///
  /// - Parameter other: The other output's sketch.
  /// - Returns: The estimate; it does not see less than about a ten-millionth of the output's norm.
  public func difference(from other: BlockSketch) -> Float {
    let difference = sums - other.sums
    return ((difference * difference).sum() / 4).squareRoot()
  }

  /// The estimated Euclidean norm of the output itself.
  public var norm: Float { ((sums * sums).sum() / 4).squareRoot() }
}

/// In JSON a sketch is four numbers.
extension BlockSketch: Codable {
  /// Reads it from its JSON form.
  ///
  /// - Parameter decoder: Where from.
  /// - Throws: `DecodingError`.
  public init(from decoder: any Decoder) throws {
    var numbers = try decoder.unkeyedContainer()
    var sums = SIMD4<Float>()
    for index in sums.indices { sums[index] = try numbers.decode(Float.self) }
    self.sums = sums
  }

  /// Writes its JSON form.
  ///
  /// - Parameter encoder: Where to.
  /// - Throws: `EncodingError`.
  public func encode(to encoder: any Encoder) throws {
    var numbers = encoder.unkeyedContainer()
    for index in sums.indices { try numbers.encode(sums[index]) }
  }
}
