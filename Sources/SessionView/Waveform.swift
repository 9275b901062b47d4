/// What a picture keeps of a recording: least, greatest and mean square sample of short pieces.
///
/// Samples are appended as they are read and not kept. A piece is 1 ms long; when there would be
/// more than about a million of them, neighbours are joined, so that the memory has a limit
/// (12 MB) and a recording has none.
///
/// ```swift
/// var waveform = Waveform(sampleRate: 16_000)
/// while let block = try reader.next() { waveform.append(block.samples) }
/// ```
public struct Waveform: Sendable {
  /// The samples of a stretch of time.
  package struct Extent: Equatable, Sendable {
    package var least: Float
    package var greatest: Float
    package var meanSquare: Float
  }

  /// Samples in a second.
  public let sampleRate: Int
  /// How many samples were appended.
  public private(set) var count = 0

  /// How many samples a piece has.
  package private(set) var pieceLength: Int
  package private(set) var pieces: [Extent] = []
  private let capacity: Int
  /// The piece that is not full yet; its `meanSquare` is still a sum.
  private var open = Extent(least: .infinity, greatest: -.infinity, meanSquare: 0)
  private var openCount = 0

  /// Makes an empty waveform.
  ///
  /// - Parameter sampleRate: Samples in a second; at least 1.
  public init(sampleRate: Int) {
    self.init(sampleRate: sampleRate, capacity: 1 << 20)
  }

  package init(sampleRate: Int, capacity: Int) {
    precondition(sampleRate >= 1, "No sample rate: \(sampleRate)")
    precondition(capacity >= 2 && capacity.isMultiple(of: 2), "Pieces are joined in pairs")
    self.sampleRate = sampleRate
    self.capacity = capacity
    pieceLength = max(1, sampleRate / 1_000)
  }

  /// Makes the waveform of samples in memory.
  ///
  /// - Parameters:
  ///   - samples: The samples, full scale from -1 to 1.
  ///   - sampleRate: Samples in a second; at least 1.
  public init(samples: [Float], sampleRate: Int) {
    self.init(sampleRate: sampleRate)
    append(samples)
  }

  /// How long the recording is, in seconds.
  public var seconds: Double { Double(count) / Double(sampleRate) }

  /// Adds the next samples of the recording.
  ///
  /// - Parameter samples: The samples, full scale from -1 to 1; one that is not finite counts as 0.
  public mutating func append(_ samples: some Sequence<Float>) {
    for sample in samples {
      let sample = sample.isFinite ? sample : 0
      open.least = min(open.least, sample)
      open.greatest = max(open.greatest, sample)
      open.meanSquare += sample * sample
      openCount += 1
      count += 1
      if openCount == pieceLength { closePiece() }
    }
  }

  /// The samples of a stretch of time; nil where there are none.
  ///
  /// Pieces that are touched count whole.
  package func extent(from start: Double, to end: Double) -> Extent? {
    let pieceSeconds = Double(pieceLength) / Double(sampleRate)
    // A border that is a piece's border but for rounding must not touch the neighbour.
    let first = max(0, Int((start / pieceSeconds + 1e-6).rounded(.down)))
    let total = pieces.count + (openCount > 0 ? 1 : 0)
    let last = min(total, max(first + 1, Int((end / pieceSeconds - 1e-6).rounded(.up))))
    guard first < last else { return nil }
    var result = Extent(least: .infinity, greatest: -.infinity, meanSquare: 0)
    for index in first..<last {
      let piece = index < pieces.count ? pieces[index] : openPiece
      result.least = min(result.least, piece.least)
      result.greatest = max(result.greatest, piece.greatest)
      result.meanSquare += piece.meanSquare
    }
    result.meanSquare /= Float(last - first)
    return result
  }

  /// The greatest absolute sample; 0 where there is none.
  package var peak: Float {
    let all = pieces + (openCount > 0 ? [openPiece] : [])
    return all.reduce(0) { max($0, max(abs($1.least), abs($1.greatest))) }
  }

  private var openPiece: Extent {
    Extent(
      least: open.least, greatest: open.greatest, meanSquare: open.meanSquare / Float(openCount))
  }

  private mutating func closePiece() {
    pieces.append(openPiece)
    open = Extent(least: .infinity, greatest: -.infinity, meanSquare: 0)
    openCount = 0
    guard pieces.count == capacity else { return }
    for index in 0..<capacity / 2 {
      let (left, right) = (pieces[2 * index], pieces[2 * index + 1])
      pieces[index] = Extent(
        least: min(left.least, right.least), greatest: max(left.greatest, right.greatest),
        meanSquare: (left.meanSquare + right.meanSquare) / 2)
    }
    pieces.removeLast(capacity / 2)
    pieceLength *= 2
  }
}
