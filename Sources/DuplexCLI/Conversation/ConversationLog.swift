package import Dataflow
package import Duplex

/// A conversation as plain lines with times: changes, answers and what went wrong.
package struct ConversationLog: Sendable {
  /// What was said so far.
  package private(set) var transcript: Transcript
  private let sampleRate: Int

  /// - Parameters:
  ///   - sampleRate: The rate of what the assistant puts out.
  ///   - unspelled: The state tokens of a model that cannot spell.
  package init(sampleRate: Int, unspelled: StateTokenIDs? = nil) {
    self.sampleRate = sampleRate
    transcript = Transcript(unspelled: unspelled)
  }

  /// Takes a block and gives its lines.
  package mutating func take(_ record: BlockRecord, _ events: [JournalEvent]) -> [String] {
    var lines = events.compactMap(line)
    switch transcript.take(record, events) {
    case .began: lines.append("speaking")
    case .ended(let utterance):
      lines.append("\"\(utterance.text.trimmingSpaces)\"")
      lines.append(
        "listening"
          + (utterance.yielded.map { " (yielded; \(seconds($0)) of speech was not played)" } ?? ""))
    case nil: break
    }
    let time = ClockTime.text(record.block.start)
    return lines.map { String(repeating: " ", count: max(0, 10 - time.count)) + "\(time)  \($0)" }
  }

  private func line(_ event: JournalEvent) -> String? {
    switch event {
    case .drop(_, let count): "\(count) blocks were dropped: the machine was late"
    case .underrun(_, let samples): "underrun: \(seconds(samples)) of silence inside of an answer"
    case .late(_, let underrun, let dropped):
      "device: \(seconds(underrun)) of silence, \(seconds(dropped)) thrown away"
    case .refresh(_, let positions): "the context goes on with \(positions) positions"
    case .defects(_, let notFinite, let clipped, let missing):
      "input mended: \(notFinite) samples were no numbers, \(clipped) were clipped, "
        + "\(missing) were missing"
    case .command(_, let text): "command: \(text)"
    case .deviceLost(_, let device): "the device \(device) is gone; it is waited for"
    case .deviceBack(_, let device): "the device \(device) is back"
    case .yield, .block, .end: nil
    }
  }

  private func seconds(_ samples: Int) -> String {
    ModelReport.decimal(Double(samples) / Double(sampleRate), 2) + " s"
  }
}

extension String {
  /// Without spaces at both ends.
  var trimmingSpaces: String {
    var text = self[...]
    while text.first == " " { text.removeFirst() }
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}
