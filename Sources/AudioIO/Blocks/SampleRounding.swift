/// The one rule between floats and 16-bit samples, in both directions.
///
/// A float x stands for the integer nearest to 32768 x, held within -32768 to 32767; halves go to
/// the even one. Back, an integer is divided by 32768, which is exact. So what is recorded in 16
/// bits is exactly what the model heard.
public enum SampleRounding {
  /// Rounds floats to ones that 16 bits hold exactly.
  ///
  /// - Parameter samples: Any floats.
  /// - Returns: As many floats, each an `Int16` divided by 32768, and what was mended. A sample
  ///   counts as clipped where it is outside of -1 to 1.
  public static func rounded(
    _ samples: [Float]
  ) -> (samples: [Float], defects: SampleDefects) {
    var defects = SampleDefects()
    let rounded = samples.map { Float(integer($0, &defects)) * (1 / 32768) }
    return (rounded, defects)
  }

  /// Rounds floats to 16-bit integers.
  ///
  /// - Parameter samples: Any floats.
  /// - Returns: As many integers, and what was mended.
  public static func integers(
    _ samples: [Float]
  ) -> (samples: [Int16], defects: SampleDefects) {
    var defects = SampleDefects()
    let rounded = samples.map { integer($0, &defects) }
    return (rounded, defects)
  }

  /// Gives the floats that 16-bit integers stand for.
  ///
  /// - Parameter integers: The integers.
  /// - Returns: As many floats from -1 up to, but not including, 1.
  public static func floats(_ integers: some Sequence<Int16>) -> [Float] {
    integers.map { Float($0) * (1 / 32768) }
  }

  @inline(__always)
  private static func integer(_ sample: Float, _ defects: inout SampleDefects) -> Int16 {
    guard sample.isFinite else {
      defects.notFinite += 1
      return 0
    }
    if sample > 1 || sample < -1 { defects.clipped += 1 }
    let scaled = (sample * 32768).rounded(.toNearestOrEven)
    return Int16(max(-32768, min(32767, scaled)))
  }
}
