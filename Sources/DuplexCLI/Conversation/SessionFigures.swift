import Dataflow
package import Duplex
import Foundation

/// The figures of a session that is over, as text and as JSON.
package struct SessionFigures: Encodable, Sendable {
  struct Times: Encodable {
    let p50: Double
    let p99: Double
    let max: Double
    let misses: UInt64

    init(_ histogram: LatencyHistogram) {
      let summary = histogram.summary
      p50 = summary.p50 / .milliseconds(1)
      p99 = summary.p99 / .milliseconds(1)
      max = summary.max / .milliseconds(1)
      misses = summary.misses
    }
  }

  struct Answer: Encodable {
    let start: Double
    let end: Double?
    let text: String
    let interrupted: Bool

    init(_ utterance: Utterance) {
      start = utterance.start.start / .seconds(1)
      end = utterance.end.map { $0.start / .seconds(1) }
      text = utterance.text.trimmingSpaces
      interrupted = utterance.yielded != nil
    }
  }

  let model: String
  let blocks: Int
  let audioSeconds: Double
  let wallSeconds: Double
  let realTimeFactor: Double
  let droppedBlocks: Int
  let underrunSamples: Int
  let deviceUnderrunSamples: Int
  let deviceDroppedSamples: Int
  let yields: Int
  let refreshes: Int
  let stageMilliseconds: [String: Times]
  let latencyMilliseconds: Times
  let answers: [Answer]

  /// - Parameters:
  ///   - summary: What the session amounted to.
  ///   - transcript: What was said.
  ///   - model: The model's name.
  ///   - elapsed: How long the session took.
  package init(
    _ summary: SessionSummary, transcript: Transcript, model: String, elapsed: Duration
  ) {
    self.model = model
    blocks = summary.blocks
    audioSeconds = BlockIndex(summary.blocks).start / .seconds(1)
    wallSeconds = elapsed / .seconds(1)
    realTimeFactor = wallSeconds > 0 ? audioSeconds / wallSeconds : 0
    droppedBlocks = summary.droppedBlocks
    underrunSamples = summary.underrunSamples
    deviceUnderrunSamples = summary.deviceUnderrunSamples
    deviceDroppedSamples = summary.deviceDroppedSamples
    (yields, refreshes) = (summary.yields, summary.refreshes)
    stageMilliseconds = Dictionary(
      uniqueKeysWithValues: summary.work.map { ($0.key.rawValue, Times($0.value)) })
    latencyMilliseconds = Times(summary.latency)
    answers = transcript.utterances.map(Answer.init)
  }

  /// One JSON object.
  package var json: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
  }

  /// A table and a few lines.
  package var text: String {
    var rows = [["milliseconds a block", "p50", "p99", "max", "over 80 ms"]]
    func row(_ name: String, _ times: Times) -> [String] {
      [name]
        + [times.p50, times.p99, times.max].map { ModelReport.decimal($0, 2) } + ["\(times.misses)"]
    }
    for stage in StageID.allCases {
      if let times = stageMilliseconds[stage.rawValue] { rows.append(row(stage.rawValue, times)) }
    }
    rows.append(row("arrival to output", latencyMilliseconds))
    let audio = ModelReport.decimal(audioSeconds, 2)
    return
      (ModelReport.table(rows)
      + [
        "",
        "\(blocks) blocks, \(audio) s of sound in \(ModelReport.decimal(wallSeconds, 2)) s: "
          + "\(ModelReport.decimal(realTimeFactor, 1)) times real time",
        "answers \(answers.count), yields \(yields), dropped blocks \(droppedBlocks), "
          + "underruns \(underrunSamples) + \(deviceUnderrunSamples) samples, "
          + "context refreshes \(refreshes)",
      ]).joined(separator: "\n")
  }
}
