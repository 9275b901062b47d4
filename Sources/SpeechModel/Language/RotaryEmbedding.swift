import Foundation

/// Rotary position embedding: turns pairs of a head's values by an angle that grows with position.
///
/// The pairs are (i, i + d/2), the "rotate half" layout of Hugging Face checkpoints.
public struct RotaryEmbedding: Sendable {
  /// The angle per position of each pair, `[headSize / 2]`.
  public let frequencies: [Float]

  /// Computes the frequencies of a head of width `headSize`.
  public init(_ configuration: RotaryConfiguration, headSize: Int) {
    frequencies = (0..<headSize / 2).map { i in
      let f = pow(configuration.base, -2 * Double(i) / Double(headSize))
      switch configuration.scaling {
      case .none: return Float(f)
      case .divisors(let divisors): return Float(f / divisors[i])
      case .llama3(let factor, let low, let high, let context):
        let wavelength = 2 * Double.pi / f
        if wavelength > context / low { return Float(f / factor) }
        if wavelength < context / high { return Float(f) }
        let s = (context / wavelength - low) / (high - low)
        return Float((1 - s) * f / factor + s * f)
      }
    }
  }

  /// The cosines and sines of consecutive positions, to be shared by all layers.
  package struct Angles: Sendable {
    package let cosines: [Float]
    package let sines: [Float]
  }

  package func angles(from position: Int, count: Int) -> Angles {
    var cosines: [Float] = []
    var sines: [Float] = []
    cosines.reserveCapacity(count * frequencies.count)
    sines.reserveCapacity(count * frequencies.count)
    for p in position..<position + count {
      for f in frequencies {
        // In double precision, so that far positions turn as exactly as near ones.
        let angle = Double(p) * Double(f)
        cosines.append(Float(cos(angle)))
        sines.append(Float(sin(angle)))
      }
    }
    return Angles(cosines: cosines, sines: sines)
  }

  /// Turns every head of every row, in place: `values` is `[rows][heads][headSize]`.
  package func rotate(_ values: inout [Float], heads: Int, by angles: Angles) {
    let half = frequencies.count
    let rows = angles.cosines.count / max(half, 1)
    precondition(values.count == rows * heads * 2 * half)
    values.withUnsafeMutableBufferPointer { x in
      angles.cosines.withUnsafeBufferPointer { c in
        angles.sines.withUnsafeBufferPointer { s in
          for row in 0..<rows {
            for head in 0..<heads {
              let first = (row * heads + head) * 2 * half
              for i in 0..<half {
                let (a, b) = (x[first + i], x[first + half + i])
                let (cosine, sine) = (c[row * half + i], s[row * half + i])
                x[first + i] = a * cosine - b * sine
                x[first + half + i] = b * cosine + a * sine
              }
            }
          }
        }
      }
    }
  }
}
