/// Something that happened, as a mark on the time axis.
package struct EventMark: Equatable {
  package enum Kind: String, CaseIterable {
    case drop, underrun, yield, deviceLost, deviceBack, command, end

    /// What the legend calls it.
    var name: String {
      switch self {
      case .drop: "input dropped"
      case .underrun: "output underrun"
      case .yield: "yield (stopped with sound pending)"
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
  /// How many blocks a drop lost, how many samples an underrun lacked; else 1.
  package var amount: Int
  /// How many events it stands for.
  package var count = 1
  /// A device, a command or a reason; from outside, so it may hold anything.
  package var text: String

  package init(kind: Kind, time: Double, amount: Int = 1, text: String = "") {
    (self.kind, self.time, self.amount, self.text) = (kind, time, amount, text)
  }

  /// A few words with the size of it.
  package func label(assistantRate: Int) -> String {
    let times = count > 1 ? "\(count)× " : ""
    return switch kind {
    case .drop: "\(times)dropped \(amount.counting("block"))"
    case .underrun:
      "\(times)underrun \((Double(amount) / Double(assistantRate) * 1_000).millisecondsText)"
    case .yield: "\(times)yield"
    case .deviceLost: "\(times)lost \(text)"
    case .deviceBack: "\(times)back \(text)"
    case .command: count > 1 ? "\(times)command" : "“\(text)”"
    case .end: text.isEmpty ? "end" : "end: \(text)"
    }
  }

  /// The marks with close neighbours of one kind joined.
  package static func joined(_ marks: [EventMark], within seconds: Double) -> [EventMark] {
    var result: [EventMark] = []
    /// The last mark of each kind in `result`, and when the last of those it stands for was.
    var last: [Kind: (index: Int, time: Double)] = [:]
    for mark in marks {
      if let (index, time) = last[mark.kind], mark.time - time <= seconds, mark.kind != .end {
        result[index].amount += mark.amount
        result[index].count += mark.count
        if result[index].text != mark.text { result[index].text = "several" }
        last[mark.kind] = (index, mark.time)
      } else {
        last[mark.kind] = (result.count, mark.time)
        result.append(mark)
      }
    }
    return result
  }
}
