import Dataflow
import Duplex

/// A conversation as lines of a terminal: pure layout, from a state and a size.
package struct TerminalView: Hashable, Sendable {
  /// The terminal's columns.
  package var width: Int
  /// The terminal's rows.
  package var height: Int
  /// What to draw with.
  package var glyphs: Glyphs

  /// - Parameters:
  ///   - width: The terminal's columns.
  ///   - height: The terminal's rows.
  ///   - glyphs: What to draw with.
  package init(width: Int, height: Int, glyphs: Glyphs = .unicode) {
    (self.width, self.height, self.glyphs) = (width, height, glyphs)
  }

  /// At most as many lines as there are rows, none wider than the terminal.
  package func lines(_ state: ConversationState) -> [StyledLine] {
    let isTall = height >= 20
    let above =
      [title(state), rule] + streams(state) + (isTall ? [StyledLine()] : []) + [turn(state)]
    let below = [rule] + latency(state, isTall: isTall) + [counts(state)] + devices(state)
    let room = max(1, height - above.count - below.count - (isTall ? 2 : 0))
    var middle = transcript(state, rows: room)
    if isTall { middle = [StyledLine()] + middle + [StyledLine()] }
    return (above + middle + below).prefix(height).map { $0.cut(to: columns) }
  }

  /// The last column stays free: some terminals wrap when it is written.
  var columns: Int { max(1, min(width - 1, 110)) }

  private var rule: StyledLine {
    StyledLine(String(repeating: glyphs.rule, count: columns), .faint)
  }

  private func title(_ state: ConversationState) -> StyledLine {
    var line = StyledLine(" omni", .strong)
    line.add("  \(state.setting.model)", .faint)
    let time = ClockTime.text(BlockIndex(state.blocks).start, hundredths: false)
    let recording = state.setting.recording == nil ? "" : "\(glyphs.recording) rec  "
    line = line.cut(to: max(0, columns - time.count - recording.count - 3))
    line.pad(to: columns - time.count - recording.count - 1)
    line.add(recording, .bad)
    line.add(time, .strong)
    return line
  }

  // MARK: The streams

  private var meterWidth: Int { columns >= 70 ? 20 : 10 }
  private var historyStart: Int { 7 + meterWidth + 10 }

  private func streams(_ state: ConversationState) -> [StyledLine] {
    let moments = state.history.suffix(max(0, columns - historyStart - 1))
    var turns = StyledLine()
    turns.pad(to: historyStart)
    for moment in moments {
      if moment.isYield {
        turns.add(String(glyphs.yielded), .warning)
      } else {
        turns.add(
          String(moment.isSpeaking ? glyphs.speaking : glyphs.listening),
          moment.isSpeaking ? .said : .faint)
      }
    }
    return [
      stream("you", state.heard, .heard, moments.map(\.heard)),
      stream("omni", state.said, .said, moments.map(\.said)), turns,
    ]
  }

  private func stream(
    _ name: String, _ meter: ConversationState.Meter, _ style: StyledLine.Style, _ levels: [Float]
  ) -> StyledLine {
    var line = StyledLine(" \(name)", style)
    line.pad(to: 7)
    let loudness: StyledLine.Style =
      meter.level > -1 ? .bad : meter.level > -6 ? .warning : style
    line.add(
      glyphs.bar(Self.share(meter.level), width: meterWidth, mark: Self.share(meter.peak)), loudness
    )
    let text = meter.level.isFinite ? "\(Int(meter.level.rounded())) dB" : "silent"
    line.add(text, .faint, endingAt: historyStart - 2)
    line.pad(to: historyStart)
    line.add(String(levels.map { glyphs.column(Self.share($0)) }), style)
    return line
  }

  /// A level's share of a meter, which begins at -60 dB.
  private static func share(_ level: Float) -> Double {
    level.isFinite ? max(0, Double(level + 60) / 60) : 0
  }

  private func turn(_ state: ConversationState) -> StyledLine {
    var line = StyledLine()
    if state.isEnding {
      line.add(" ENDING   ", .warning)
    } else {
      line.add(state.isSpeaking ? " SPEAKING " : " LISTENING", state.isSpeaking ? .said : .heard)
    }
    let width = max(4, min(14, (columns - 46) / 3))
    for (name, value) in [("think", state.think), ("shift", state.shift), ("speak", state.speak)] {
      line.add("  \(name) ", .faint)
      line.add(glyphs.bar(Double(value), width: width), name == "shift" ? .warning : .plain)
      let percent = "\(Int((value * 100).rounded()))%"
      line.add(percent, .plain, endingAt: line.width + 4)
    }
    return line
  }

  // MARK: The transcript

  private func transcript(_ state: ConversationState, rows: Int) -> [StyledLine] {
    var lines: [StyledLine] = []
    for utterance in state.transcript.utterances.suffix(rows) { lines += answer(utterance) }
    if lines.isEmpty { lines = [StyledLine("  speak; what it answers appears here", .faint)] }
    lines = Array(lines.suffix(rows))
    return lines + Array(repeating: StyledLine(), count: rows - lines.count)
  }

  private func answer(_ utterance: Utterance) -> [StyledLine] {
    let time = ClockTime.text(utterance.start.start, hundredths: false)
    let indent = 10
    var words = Self.wrapped(utterance.text.trimmingSpaces, columns: max(10, columns - indent - 14))
    if words.isEmpty { words = [""] }
    var lines = words.enumerated().map { index, words in
      var line = StyledLine()
      if index == 0 { line.add(time, .faint, endingAt: indent - 2) }
      line.pad(to: indent)
      line.add(words, utterance.end == nil ? .strong : .plain)
      return line
    }
    if let last = lines.indices.last {
      if utterance.yielded != nil { lines[last].add(" \(glyphs.yielded) interrupted", .warning) }
      if utterance.end == nil { lines[last].add(" \(glyphs.speaking)", .said) }
    }
    return lines
  }

  /// Breaks at spaces; words that are too long are cut.
  static func wrapped(_ text: String, columns: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      var word = word
      while !word.isEmpty {
        let space = line.isEmpty ? 0 : 1
        if line.count + space + word.count <= columns {
          line += (space == 1 ? " " : "") + word
          word = ""
        } else if line.isEmpty {
          lines.append(String(word.prefix(columns)))
          word = word.dropFirst(columns)
        } else {
          lines.append(line)
          line = ""
        }
      }
    }
    return line.isEmpty ? lines : lines + [line]
  }
}
