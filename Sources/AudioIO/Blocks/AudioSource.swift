/// A change of a sound device during a conversation.
public enum AudioDeviceEvent: Hashable, Sendable, CustomStringConvertible {
  /// The device, or the server that it belongs to, is gone. It is waited for.
  case lost(device: String)
  /// The device is back and in use again.
  case returned(device: String)

  /// One line: `the device headset is gone`.
  public var description: String {
    switch self {
    case .lost(let device): "the device \(device) is gone"
    case .returned(let device): "the device \(device) is back"
    }
  }
}

/// 80 ms of the environment, with what happened on the way to it.
public struct SourceBlock: Hashable, Sendable {
  /// The rate of every source: 16 kHz.
  public static let sampleRate = 16_000
  /// How many samples a block holds: 1280, which are 80 ms at 16 kHz.
  public static let sampleCount = 1_280

  /// One channel at 16 kHz, exactly 1280 samples; each is an `Int16` divided by 32768.
  public var samples: [Float]
  /// Whole blocks lost before this one because the reader was late.
  public var droppedBefore: Int
  /// What happened to the device before this block.
  public var events: [AudioDeviceEvent]
  /// What was mended in this block.
  public var defects: SampleDefects

  /// Makes a block.
  ///
  /// - Parameters:
  ///   - samples: 1280 samples at 16 kHz, each an `Int16` divided by 32768
  ///     (``SampleRounding/rounded(_:)``).
  ///   - droppedBefore: Whole blocks lost before this one.
  ///   - events: What happened to the device before this block.
  ///   - defects: What was mended in this block.
  public init(
    samples: [Float], droppedBefore: Int = 0, events: [AudioDeviceEvent] = [],
    defects: SampleDefects = SampleDefects()
  ) {
    precondition(samples.count == Self.sampleCount, "A block holds 1280 samples: \(samples.count)")
    self.samples = samples
    self.droppedBefore = droppedBefore
    self.events = events
    self.defects = defects
  }
}

/// Where sound comes from: a ``Microphone`` or a ``FileSource``.
public protocol AudioSource: Sendable {
  /// Takes the next block, and waits until it has been heard.
  ///
  /// - Important: One reader, one call at a time.
  /// - Returns: The block, or nil at the end.
  /// - Throws: `CancellationError`, or what keeps the source from going on.
  func next() async throws -> SourceBlock?

  /// Ends the source: ``next()`` returns what is there and then nil.
  ///
  /// It may be called more than once and from any thread.
  func close()
}
