import Dataflow
import Duplex

extension TerminalView {
  /// Columns of the stages, rows of percentiles.
  func latency(_ state: ConversationState, isTall: Bool) -> [StyledLine] {
    let narrow = columns < 72
    let stages: [(String, LatencyHistogram)] =
      (narrow
        ? []
        : StageID.allCases.map { ($0 == .synthesizer ? "synth" : $0.rawValue, $0) }.map {
          ($0.0, state.work[$0.1] ?? LatencyHistogram())
        }) + [("end to end", state.latency)]
    let cell = 11
    var header = StyledLine(" latency", .faint)
    for (index, stage) in stages.enumerated() {
      header.add(stage.0, .faint, endingAt: 9 + (index + 1) * cell)
    }
    var rows: [StyledLine] = []
    let summaries = stages.map(\.1.summary)
    for (name, value) in [
      ("p50", \LatencyHistogram.Summary.p50), ("p99", \.p99), ("max", \.max),
    ] {
      var row = StyledLine(" \(name)", .faint)
      for (index, summary) in summaries.enumerated() {
        let time = summary[keyPath: value]
        row.add(
          summary.count == 0 ? "-" : ClockTime.milliseconds(time) + (isLast(index) ? " ms" : ""),
          time > BlockIndex.duration ? .bad : .plain, endingAt: 9 + (index + 1) * cell)
      }
      rows.append(row)
    }
    func isLast(_ index: Int) -> Bool { index == summaries.count - 1 }
    var budget = StyledLine(" 80 ms", .faint)
    budget.pad(to: 9)
    let share = state.latency.percentile(99) / BlockIndex.duration
    budget.add(
      glyphs.bar(share, width: 20), share > 1 ? .bad : share > 0.75 ? .warning : .good)
    budget.add(
      " p99 takes \(Int((share * 100).rounded()))% of a block, \(state.latency.misses) missed",
      state.latency.misses > 0 ? .warning : .faint)
    return isTall ? [header] + rows + [budget] : [budget]
  }

  /// What went wrong, in numbers; zeros are faint.
  func counts(_ state: ConversationState) -> StyledLine {
    var line = StyledLine(" ")
    func add(_ name: String, _ value: String, isQuiet: Bool, _ style: StyledLine.Style) {
      if line.width > 1 { line.add("   ") }
      line.add("\(name) \(value)", isQuiet ? .faint : style)
    }
    add("yields", "\(state.yields)", isQuiet: state.yields == 0, .plain)
    add("drops", "\(state.drops)", isQuiet: state.drops == 0, .bad)
    let underruns = state.underrunSamples + state.deviceUnderrunSamples
    add(
      "underruns", milliseconds(underruns, state), isQuiet: underruns == 0, .warning)
    let discarded = state.deviceDroppedSamples
    add("discarded", milliseconds(discarded, state), isQuiet: discarded == 0, .warning)
    if state.mendedSamples > 0 {
      add("mended samples", "\(state.mendedSamples)", isQuiet: false, .warning)
    }
    if state.refreshes > 0 { add("refreshes", "\(state.refreshes)", isQuiet: true, .plain) }
    return line
  }

  /// Devices, the recording's folder and what to press.
  func devices(_ state: ConversationState) -> [StyledLine] {
    var line = StyledLine(" ")
    if state.lost.isEmpty {
      line.add("in \(state.setting.source)  out \(state.setting.sink)", .faint)
    } else {
      line.add("waiting for \(state.lost.joined(separator: ", ")) to come back", .bad)
    }
    var hint = StyledLine(" ")
    if state.isEnding {
      hint.add("playing out what was said; Ctrl-C again ends at once", .warning)
    } else {
      hint.add("Ctrl-C ends", .strong)
    }
    if let folder = state.setting.recording { hint.add("   recording to \(folder)", .faint) }
    return [line, hint]
  }

  private func milliseconds(_ samples: Int, _ state: ConversationState) -> String {
    "\(samples * 1_000 / max(1, state.setting.sampleRate)) ms"
  }
}
