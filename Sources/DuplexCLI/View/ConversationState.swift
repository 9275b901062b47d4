package import Dataflow
package import Duplex

/// What a view knows of a conversation: the blocks so far, in bounded memory.
package struct ConversationState: Sendable {
  /// The level of one stream now, and its recent peak, in dB of full scale.
  struct Meter: Hashable, Sendable {
    var level = -Float.infinity
    var peak = -Float.infinity

    mutating func take(_ decibels: Float) {
      level = decibels
      // It falls by 20 dB in a second, so that a short sound is seen.
      peak = max(decibels, peak - 1.6)
    }
  }

  /// One block in the history strip.
  struct Moment: Hashable, Sendable {
    let heard: Float
    let said: Float
    let isSpeaking: Bool
    let isYield: Bool
  }

  /// What is known from the beginning.
  package struct Setting: Hashable, Sendable {
    /// The model's name.
    package var model: String
    /// The rate of what the assistant puts out.
    package var sampleRate: Int
    /// The device that is listened to.
    package var source: String
    /// The device that is spoken to.
    package var sink: String
    /// The session's folder; nil where nothing is recorded.
    package var recording: String?

    package init(
      model: String, sampleRate: Int, source: String, sink: String, recording: String? = nil
    ) {
      (self.model, self.sampleRate) = (model, sampleRate)
      (self.source, self.sink, self.recording) = (source, sink, recording)
    }
  }

  let setting: Setting
  private(set) var blocks = 0
  private(set) var heard = Meter()
  private(set) var said = Meter()
  private(set) var isSpeaking = false
  private(set) var think: Float = 0
  private(set) var shift: Float = 0
  private(set) var speak: Float = 0
  package private(set) var transcript: Transcript
  private(set) var history: [Moment] = []
  private(set) var work: [StageID: LatencyHistogram] = [:]
  private(set) var latency = LatencyHistogram()
  private(set) var drops = 0
  private(set) var underrunSamples = 0
  private(set) var deviceUnderrunSamples = 0
  private(set) var deviceDroppedSamples = 0
  private(set) var yields = 0
  private(set) var refreshes = 0
  private(set) var mendedSamples = 0
  /// The devices that are away.
  private(set) var lost: [String] = []
  /// Whether the conversation was asked to end.
  package var isEnding = false

  /// - Parameters:
  ///   - setting: What is known from the beginning.
  ///   - unspelled: The state tokens of a model that cannot spell.
  package init(_ setting: Setting, unspelled: StateTokenIDs? = nil) {
    self.setting = setting
    transcript = Transcript(unspelled: unspelled)
  }

  /// Takes a block.
  package mutating func take(_ report: BlockReport) {
    take(
      report.record, report.events, heard: report.environmentLevel, said: report.assistantLevel)
  }

  /// Takes a block by its parts.
  ///
  /// - Parameters:
  ///   - record: The line of the journal.
  ///   - events: What happened besides.
  ///   - heard: The environment's level, in dB of full scale.
  ///   - said: The assistant's.
  package mutating func take(
    _ record: BlockRecord, _ events: [JournalEvent], heard: Float, said: Float
  ) {
    blocks = record.block.position + 1
    self.heard.take(heard)
    self.said.take(said)
    isSpeaking = record.state == .speaking
    (think, shift, speak) = (record.think, record.shift, record.speak)
    _ = transcript.take(record, events)
    for (stage, span) in record.timings { work[stage, default: .init()].record(span.work) }
    if let first = record.timings[.capture], let last = record.timings[.playback] {
      latency.record(last.end - first.arrival)
    }
    let yieldsBefore = yields
    for event in events { take(event) }
    if history.count >= 2 * Self.kept { history.removeFirst(Self.kept) }
    history.append(
      Moment(heard: heard, said: said, isSpeaking: isSpeaking, isYield: yields > yieldsBefore))
  }

  private mutating func take(_ event: JournalEvent) {
    switch event {
    case .drop(_, let count): drops += count
    case .underrun(_, let samples): underrunSamples += samples
    case .late(_, let underrun, let dropped):
      deviceUnderrunSamples += underrun
      deviceDroppedSamples += dropped
    case .yield: yields += 1
    case .refresh: refreshes += 1
    case .defects(_, let notFinite, let clipped, let missing):
      mendedSamples += notFinite + clipped + missing
    case .deviceLost(_, let device): lost.append(device)
    case .deviceBack(_, let device): lost.removeAll { $0 == device }
    case .block, .command, .end: break
    }
  }

  /// The widest history that is shown.
  private static let kept = 400
}
