import Foundation

/// Resamples whole recordings by any ratio: a Hann-windowed sinc, 16 zero crossings a side.
package enum Resampling {
  private static let crossings = 16
  private static let resolution = 256

  /// The kernel at a step of 1/256 crossing.
  private static let kernel: [Float] = (0...(crossings * resolution) + 1).map { index in
    let x = Double(index) / Double(resolution)
    guard x > 0 else { return 1 }
    guard x < Double(crossings) else { return 0 }
    let window = 0.5 + 0.5 * cos(Double.pi * x / Double(crossings))
    return Float(sin(Double.pi * x) / (Double.pi * x) * window)
  }

  /// Resamples a recording.
  ///
  /// - Parameters:
  ///   - input: The recording.
  ///   - ratio: Output samples for each input sample.
  /// - Returns: The recording at the new rate.
  package static func resample(_ input: [Float], ratio: Double) -> [Float] {
    guard ratio != 1, !input.isEmpty else { return input }
    let count = Int((Double(input.count) * ratio).rounded())
    // Below 1 the kernel is stretched, so that nothing above the new limit is left.
    let scale = min(1, ratio)
    let reach = Double(crossings) / scale
    let step = Float(scale) * Float(resolution)
    return input.withUnsafeBufferPointer { source in
      kernel.withUnsafeBufferPointer { kernel in
        (0..<count).map { index in
          let centre = Double(index) / ratio
          let first = max(0, Int((centre - reach).rounded(.up)))
          let last = min(source.count - 1, Int((centre + reach).rounded(.down)))
          guard first <= last else { return 0 }
          var sum: Float = 0
          for i in first...last {
            let place = abs(Float(centre - Double(i))) * step
            let low = Int(place)
            guard low < kernel.count - 1 else { continue }
            let part = place - Float(low)
            sum += source[i] * (kernel[low] + (kernel[low + 1] - kernel[low]) * part)
          }
          return sum * Float(scale)
        }
      }
    }
  }
}
