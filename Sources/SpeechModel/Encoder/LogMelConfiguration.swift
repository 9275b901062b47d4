/// What a log-mel front end computes.
///
/// Public speech encoders differ in where frames lie, in the window, the mel scale and the
/// logarithm. ``causal`` is the form of this package's own models; ``whisper`` and ``kaldi`` give
/// the numbers of the public feature extractors of these names.
public struct LogMelConfiguration: Sendable, Equatable, Codable {
  /// The shape of the analysis window.
  public enum Window: String, Sendable, Codable {
    /// A Hann window with the length as its period.
    case hann
    /// Kaldi's: the symmetric Hann window to the power 0.85.
    case povey
  }

  /// The filter bank.
  public enum Scale: String, Sendable, Codable {
    /// Slaney's mel scale, triangles in Hz, each of area 1 Hz times 2.
    case slaney
    /// mel = 1127 ln(1 + f / 700), triangles in mel, each with peak 1, Nyquist left out.
    case kaldi
  }

  /// The map from energies to features.
  public enum Logarithm: String, Sendable, Codable {
    /// (log10(max(e, 1e-10)) + 4) / 4, without Whisper's floor below the maximum of all frames,
    /// which a stream does not know.
    case whisper
    /// ln(max(e, 1.1920929e-7)).
    case natural
  }

  /// The sample rate in Hz.
  public var sampleRate = 16_000
  /// The number of features per frame.
  public var bins = 80
  /// The window's length in samples.
  public var windowLength = 400
  /// Samples from one frame to the next.
  public var hop = 160
  /// Zeros before the first sample: frame i covers the samples `hop * i - leadIn` and on.
  ///
  /// `windowLength - hop` means that frame i ends with sample `hop * (i + 1)`: nothing ahead.
  public var leadIn = 240
  /// The length of the Fourier transform; even, at least the window's length.
  public var transformLength = 400
  /// The shape of the window.
  public var window = Window.hann
  /// Whether each window's mean is subtracted first.
  public var removesMean = false
  /// The part of the sample before that is subtracted from each sample of a window.
  public var preEmphasis: Float = 0
  /// The filter bank.
  public var scale = Scale.slaney
  /// The lower edge of the lowest filter in Hz.
  public var lowFrequency = 0.0
  /// The upper edge of the highest filter in Hz.
  public var highFrequency = 8000.0
  /// The map from energies to features.
  public var logarithm = Logarithm.whisper

  /// The causal form.
  public init() {}

  /// 1280 samples give exactly 8 frames and nothing ahead is needed.
  public static let causal = LogMelConfiguration()

  /// Frame i is centred on sample 160 i, as Whisper's, so it needs 200 samples more than that.
  ///
  /// - Note: Whisper mirrors the signal's start into the first two frames; here zeros precede it.
  public static let whisper: LogMelConfiguration = {
    var configuration = LogMelConfiguration()
    configuration.leadIn = 200
    return configuration
  }()

  /// Kaldi's fbank without dither: frame i starts at sample 160 i ("snip edges").
  ///
  /// A `leadIn` of 120 centres frame i in its hop (no snip, but with zeros instead of a mirrored
  /// start), 240 makes it causal. Samples are in [-1, 1]; the 16-bit convention adds 20.794.
  public static let kaldi: LogMelConfiguration = {
    var configuration = LogMelConfiguration()
    configuration.leadIn = 0
    configuration.transformLength = 512
    configuration.window = .povey
    configuration.removesMean = true
    configuration.preEmphasis = 0.97
    configuration.scale = .kaldi
    configuration.lowFrequency = 20
    configuration.logarithm = .natural
    return configuration
  }()

  /// What is wrong with the settings; nil where nothing is.
  package var fault: String? {
    let sizes = [sampleRate, bins, windowLength, hop, transformLength]
    guard sizes.allSatisfy({ (1...1 << 20).contains($0) }), (0...1 << 20).contains(leadIn) else {
      return "log-mel sizes are not positive, or absurd"
    }
    guard transformLength.isMultiple(of: 2), windowLength <= transformLength else {
      return "transform of \(transformLength) for a window of \(windowLength)"
    }
    guard hop <= windowLength, leadIn < windowLength else {
      return "hop \(hop) or lead-in \(leadIn) exceeds the window of \(windowLength)"
    }
    guard lowFrequency >= 0, lowFrequency < highFrequency,
      highFrequency <= Double(sampleRate) / 2, preEmphasis.isFinite
    else { return "filters from \(lowFrequency) to \(highFrequency) Hz at \(sampleRate) Hz" }
    return nil
  }
}
