import Foundation

/// Second-order filters (Bristow-Johnson's cookbook), and the lines made of them.
enum Filters {
  /// Limits a signal to a band.
  static func limit(_ samples: inout [Float], to band: Conditions.Band) {
    switch band {
    case .full: return
    case .telephone:
      for _ in 0..<2 {
        pass(&samples, frequency: 300, isHigh: true)
        pass(&samples, frequency: 3_400, isHigh: false)
      }
    case .muffled: pass(&samples, frequency: 2_600, isHigh: false)
    }
  }

  /// A Butterworth low-pass or high-pass of second order.
  static func pass(_ samples: inout [Float], frequency: Double, isHigh: Bool) {
    let angle = 2 * Double.pi * frequency / 16_000
    let alpha = sin(angle) / 2.0.squareRoot()
    let cosine = cos(angle)
    let edge = isHigh ? (1 + cosine) / 2 : (1 - cosine) / 2
    let scale = 1 / (1 + alpha)
    let (b0, b1) = (edge * scale, (isHigh ? -2 : 2) * edge * scale)
    let (a1, a2) = (-2 * cosine * scale, (1 - alpha) * scale)
    var (s1, s2) = (0.0, 0.0)
    for i in samples.indices {
      let x = Double(samples[i])
      let y = b0 * x + s1
      s1 = b1 * x - a1 * y + s2
      s2 = b0 * x - a2 * y
      samples[i] = Float(y)
    }
  }
}
