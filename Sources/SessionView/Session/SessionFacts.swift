import Dataflow

/// The facts above the picture, as name and value.
struct SessionFacts: Equatable {
  struct Fact: Equatable {
    let name: String
    let value: String
    var isWarning = false
  }

  let facts: [Fact]

  init(_ timeline: SessionTimeline, shown range: Range<Double>) {
    let header = timeline.header
    var facts = [
      Fact(name: "length", value: timeline.length.clockText(decimals: 2)),
      Fact(name: "blocks", value: "\(timeline.records.count.grouped) of 80 ms"),
    ]
    if range.lowerBound > 0 || range.upperBound < timeline.length {
      facts.append(
        Fact(
          name: "shown",
          value: range.lowerBound.clockText(decimals: 1) + " to "
            + range.upperBound.clockText(decimals: 1)))
    }
    let rates = timeline.rates
    for (kind, name) in [
      (EventMark.Kind.drop, "dropped"), (.underrun, "underruns"), (.late, "late device"),
      (.mended, "mended"),
    ] {
      guard let sum = timeline.sum(of: kind) else {
        // Rare things are named only where they happened.
        if kind == .drop || kind == .underrun { facts.append(Fact(name: name, value: "none")) }
        continue
      }
      let value =
        switch kind {
        case .drop: sum.amounts[0].counting("block")
        case .underrun:
          "\(sum.count.grouped) (\(rates.assistantText(sum.amounts[0])) of silence)"
        default: sum.extent(rates)
        }
      facts.append(Fact(name: name, value: value, isWarning: true))
    }
    facts.append(Self.misses(timeline))
    facts.append(Self.ending(timeline))
    facts.append(Fact(name: "model", value: Self.shown(header.modelDigest)))
    facts.append(Fact(name: "kernels", value: Self.shown(header.kernels)))
    facts.append(Fact(name: "core", value: Self.shown(header.core)))
    facts.append(Fact(name: "threads", value: "\(header.threads)"))
    let seeds = header.seeds.sorted { $0.key < $1.key }.map { "\($0.key.printable) \($0.value)" }
    facts.append(
      Fact(name: "seeds", value: seeds.isEmpty ? "none" : seeds.joined(separator: ", ")))
    self.facts = facts
  }

  private static func misses(_ timeline: SessionTimeline) -> Fact {
    let timed = timeline.latencies.compactMap { $0 }
    let missed = timed.filter(\.isMiss)
    guard let worst = timed.map(\.total).max() else {
      return Fact(name: "latency", value: "not recorded")
    }
    guard !missed.isEmpty else {
      return Fact(name: "deadline misses", value: "none (worst \(worst.millisecondsText))")
    }
    let percent = Double(missed.count) / Double(timed.count) * 100
    let share = percent.text(decimals: percent < 1 ? 2 : 1)
    return Fact(
      name: "deadline misses",
      value: "\(missed.count.grouped) (\(share) %, worst \(worst.millisecondsText))",
      isWarning: true)
  }

  private static func ending(_ timeline: SessionTimeline) -> Fact {
    if let end = timeline.marks.last(where: { $0.kind == .end }) {
      return Fact(name: "ended", value: end.text, isWarning: end.text.hasPrefix("failed"))
    }
    let torn = timeline.isTorn ? "cut off inside a line" : "cut off, no end recorded"
    return Fact(name: "ended", value: torn, isWarning: true)
  }

  private static func shown(_ value: String) -> String {
    value.isEmpty ? "not recorded" : value.printable
  }
}
