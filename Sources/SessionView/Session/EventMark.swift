import Dataflow

/// Something that happened, as a mark on the time axis.
package struct EventMark: Equatable {
  package enum Kind: String, CaseIterable {
    case drop, underrun, late, mended, yield, refresh, deviceLost, deviceBack, command, end

    /// What the legend calls it.
    var name: String {
      switch self {
      case .drop: "input dropped"
      case .underrun: "speech not made in time"
      case .late: "device late"
      case .mended: "input mended"
      case .yield: "yield (stopped with sound pending)"
      case .refresh: "context refreshed"
      case .deviceLost: "device lost"
      case .deviceBack: "device back"
      case .command: "command"
      case .end: "end"
      }
    }
  }

  package let kind: Kind
  /// When, in seconds.
  package let time: Double
  /// The counts that the journal's event holds, in its order: blocks, samples or positions.
  package var amounts: [Int]
  /// How many events it stands for.
  package var count = 1
  /// A device, a command or a reason; from outside, so it may hold anything.
  package var text: String

  package init(kind: Kind, time: Double, amounts: [Int] = [], text: String = "") {
    (self.kind, self.time, self.amounts, self.text) = (kind, time, amounts, text)
  }

  /// The mark of an event; nil for the record of a block.
  init?(_ event: JournalEvent) {
    let time = Double(event.block.position) * SessionTimeline.blockSeconds
    func mark(_ kind: Kind, _ amounts: Int...) -> EventMark {
      EventMark(kind: kind, time: time, amounts: amounts)
    }
    func mark(_ kind: Kind, _ text: String) -> EventMark {
      EventMark(kind: kind, time: time, text: text.printable)
    }
    switch event {
    case .block: return nil
    case .drop(_, let count): self = mark(.drop, count)
    case .underrun(_, let samples): self = mark(.underrun, samples)
    case .late(_, let underrun, let dropped): self = mark(.late, underrun, dropped)
    case .defects(_, let notFinite, let clipped, let missing):
      self = mark(.mended, notFinite, clipped, missing)
    case .yield(_, let samples): self = mark(.yield, samples)
    case .refresh(_, let positions): self = mark(.refresh, positions)
    case .command(_, let text): self = mark(.command, text)
    case .deviceLost(_, let device): self = mark(.deviceLost, device)
    case .deviceBack(_, let device): self = mark(.deviceBack, device)
    case .end(_, let reason, let detail):
      self = mark(.end, detail.isEmpty ? reason.rawValue : "\(reason.rawValue), \(detail)")
    }
  }

  /// A few words with the size of it.
  package func label(_ rates: StreamRates) -> String {
    let times = count > 1 ? "\(count)× " : ""
    return switch kind {
    case .drop: "\(times)dropped \(amounts[0].counting("block"))"
    case .underrun: "\(times)underrun \(rates.assistantText(amounts[0]))"
    case .late: "\(times)late device: \(extent(rates))"
    case .mended: "\(times)mended \(extent(rates))"
    // Nothing is made yet where the answer had just begun.
    case .yield:
      amounts[0] > 0
        ? "\(times)yield, \(rates.assistantText(amounts[0])) unsaid" : "\(times)yield"
    case .refresh: count > 1 ? "\(times)refresh" : "refresh, \(amounts[0].counting("position"))"
    case .deviceLost: "\(times)lost \(text)"
    case .deviceBack: "\(times)back \(text)"
    case .command: count > 1 ? "\(times)command" : "“\(text)”"
    case .end: text.isEmpty ? "end" : "end: \(text)"
    }
  }

  /// How much was late or mended: what there is of each kind.
  func extent(_ rates: StreamRates) -> String {
    let parts: [(amount: Int, text: String)] =
      kind == .late
      ? [
        (amounts[0], "\(rates.assistantText(amounts[0])) silent"),
        (amounts[1], "\(rates.assistantText(amounts[1])) skipped"),
      ]
      : [
        (amounts[0], "\(amounts[0].grouped) not finite"),
        (amounts[1], "\(amounts[1].grouped) clipped"),
        (amounts[2], "\(rates.environmentText(amounts[2])) missing"),
      ]
    return parts.filter { $0.amount > 0 }.map(\.text).joined(separator: ", ")
  }

  /// Stands for another mark of its kind, too.
  mutating func add(_ other: EventMark) {
    amounts = zip(amounts, other.amounts).map(+)
    count += other.count
    if text != other.text { text = "several" }
  }

  /// The marks with close neighbours of one kind joined.
  package static func joined(_ marks: [EventMark], within seconds: Double) -> [EventMark] {
    var result: [EventMark] = []
    /// The last mark of each kind in `result`, and when the last of those it stands for was.
    var last: [Kind: (index: Int, time: Double)] = [:]
    for mark in marks {
      if let (index, time) = last[mark.kind], mark.time - time <= seconds, mark.kind != .end {
        result[index].add(mark)
        last[mark.kind] = (index, mark.time)
      } else {
        last[mark.kind] = (result.count, mark.time)
        result.append(mark)
      }
    }
    return result
  }
}

/// The rates that counts of samples are told in time by.
package struct StreamRates: Equatable {
  let environment: Int
  let assistant: Int

  package init(environment: Int, assistant: Int) {
    (self.environment, self.assistant) = (environment, assistant)
  }

  func environmentText(_ samples: Int) -> String {
    (Double(samples) / Double(environment) * 1_000).millisecondsText
  }

  func assistantText(_ samples: Int) -> String {
    (Double(samples) / Double(assistant) * 1_000).millisecondsText
  }
}
