/// When the assistant is heard: pieces of 10 ms whose level is over -50 dB of full scale.
///
/// What playback puts out for block k sounds while block k + 1 is captured: the times are those of
/// the environment, one block after the place in what was put out.
package struct AudibleSound: Sendable {
  /// Samples of a piece.
  package static let piece = 160
  /// Samples from being put out to being heard: a block.
  package static let delay = 1_280
  /// Samples in which a yield fades: 10 ms.
  package static let fade = 160
  private static let threshold = 0.003_162_278 * 0.003_162_278

  private let isAudible: [Bool]

  /// Finds the audible pieces of what was put out, 16 kHz.
  package init(putOut: [Float]) {
    isAudible = stride(from: 0, to: putOut.count, by: Self.piece).map { start in
      let end = min(start + Self.piece, putOut.count)
      var energy = 0.0
      for sample in putOut[start..<end] { energy += Double(sample) * Double(sample) }
      return energy > Self.threshold * Double(end - start)
    }
  }

  /// The first sample that is heard within a range of the environment's samples.
  package func first(in range: Range<Int>) -> Int? {
    let pieces = self.pieces(range)
    return isAudible[pieces].firstIndex(of: true).map { $0 * Self.piece + Self.delay }
  }

  /// The sample after the last that is heard within a range.
  package func end(in range: Range<Int>) -> Int? {
    let pieces = self.pieces(range)
    return isAudible[pieces].lastIndex(of: true).map { ($0 + 1) * Self.piece + Self.delay }
  }

  private func pieces(_ range: Range<Int>) -> Range<Int> {
    func piece(_ sample: Int) -> Int {
      max(0, min(isAudible.count, (sample - Self.delay + Self.piece - 1) / Self.piece))
    }
    let first = piece(max(Self.delay, range.lowerBound))
    return first..<max(first, piece(range.upperBound))
  }
}
