import Dataflow

/// Conversion of whole 80 ms blocks: so many samples in, always so many out.
///
/// ```swift
/// let resampler = BlockResampler(from: 24_000, to: 16_000)
/// let block = resampler.step(speech)  // 1920 samples in, 1280 out
/// ```
///
/// The filter looks ahead, so the output is late by ``delay``: it begins with that much silence and
/// never changes its offset. From 24 kHz to 16 kHz the delay is 3 ms. At equal rates a block is
/// returned as it is, without delay.
public final class BlockResampler {
  /// The rate of what goes in, in samples per second.
  public let inputRate: Int
  /// The rate of what comes out, in samples per second.
  public let outputRate: Int
  /// How many samples of 80 ms go in.
  public let inputCount: Int
  /// How many samples of 80 ms come out.
  public let outputCount: Int
  /// By how many samples of the output's rate the output is late; the same at every block.
  public let delayInOutput: Int
  private let silenceBefore: Int
  private let resampler: Resampler
  private var framer: BlockFramer<Float>

  /// Makes a resampler of blocks.
  ///
  /// - Parameters:
  ///   - inputRate: The rate of what goes in; 80 ms of it are a whole number of samples.
  ///   - outputRate: The rate of what comes out; likewise.
  /// - Important: Rates that ``supports(from:to:)`` denies trap.
  public init(from inputRate: Int, to outputRate: Int) {
    precondition(
      Self.supports(from: inputRate, to: outputRate),
      "80 ms at \(inputRate) and \(outputRate) Hz are no whole samples, or too far apart")
    self.inputRate = inputRate
    self.outputRate = outputRate
    inputCount = BlockIndex.samples(at: inputRate)
    outputCount = BlockIndex.samples(at: outputRate)
    resampler = Resampler(from: inputRate, to: outputRate)
    framer = BlockFramer(size: outputCount)
    silenceBefore = Self.silenceBefore(resampler, inputCount, outputCount)
    delayInOutput = silenceBefore * outputRate / inputRate
    reset()
  }

  /// Whether blocks of one rate can be made into blocks of the other: 80 ms of both are whole
  /// samples, and ``Resampler/supports(from:to:)``.
  public static func supports(from inputRate: Int, to outputRate: Int) -> Bool {
    // 80 ms are 2/25 s.
    inputRate.isMultiple(of: 25) && outputRate.isMultiple(of: 25)
      && Resampler.supports(from: inputRate, to: outputRate)
  }

  /// How long the output is late.
  public var delay: Duration {
    .nanoseconds(1_000_000_000 * silenceBefore / inputRate)
  }

  /// Converts the next block.
  ///
  /// - Parameter block: ``inputCount`` finite samples.
  /// - Returns: ``outputCount`` samples.
  public func step(_ block: [Float]) -> [Float] {
    precondition(block.count == inputCount, "A block has \(inputCount) samples: \(block.count)")
    guard inputRate != outputRate else { return block }
    framer.append(resampler.process(block))
    guard let block = framer.next() else {
      fatalError("\(framer.count) of \(outputCount) samples after a whole block")
    }
    return block
  }

  /// Forgets everything before.
  public func reset() {
    resampler.reset()
    framer = BlockFramer(size: outputCount)
    framer.append(resampler.process([Float](repeating: 0, count: silenceBefore)))
  }

  /// How much silence must go in first, so that every block finds its output ready.
  ///
  /// What the filter holds back is measured over some blocks. The silence is a whole number of
  /// periods of the two rates, so that it is a whole number of samples at both, and leaves two
  /// samples to spare for the rounding of the library's position.
  private static func silenceBefore(
    _ resampler: Resampler, _ inputCount: Int, _ outputCount: Int
  ) -> Int {
    guard resampler.inputRate != resampler.outputRate else { return 0 }
    let silence = [Float](repeating: 0, count: inputCount)
    var (held, made) = (0, 0)
    for block in 1...4 {
      made += resampler.process(silence).count
      held = max(held, block * outputCount - made)
    }
    let divisor = greatestCommonDivisor(resampler.inputRate, resampler.outputRate)
    let (inputPeriod, outputPeriod) = (
      resampler.inputRate / divisor, resampler.outputRate / divisor
    )
    let periods = (held + 2 + outputPeriod - 1) / outputPeriod
    return periods * inputPeriod
  }

  private static func greatestCommonDivisor(_ left: Int, _ right: Int) -> Int {
    right == 0 ? left : greatestCommonDivisor(right, left % right)
  }
}
