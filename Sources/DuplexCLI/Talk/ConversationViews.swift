import Dataflow
import Duplex
import Foundation

/// What shows a running conversation; it may be as slow as it likes.
protocol ConversationView {
  /// Takes a block, with the number of blocks that were not handed over before it.
  mutating func take(_ report: BlockReport, missed: Int)
  /// The conversation is over.
  mutating func finish() -> Transcript
}

/// The terminal's screen, drawn at most 12.5 times in a second.
struct ScreenView: ConversationView {
  private let terminal: Terminal
  private var state: ConversationState
  private var drawn: ContinuousClock.Instant?
  private let isEnding: @Sendable () -> Bool

  init(
    _ terminal: Terminal, _ state: ConversationState, isEnding: @escaping @Sendable () -> Bool
  ) {
    (self.terminal, self.state, self.isEnding) = (terminal, state, isEnding)
    terminal.open()
    draw()
  }

  mutating func take(_ report: BlockReport, missed: Int) {
    state.take(report)
    // Blocks come at this rate; after a jam they come faster, and only some are drawn.
    let now = ContinuousClock.now
    if let drawn, now - drawn < .milliseconds(75) { return }
    drawn = now
    draw()
  }

  private mutating func draw() {
    state.isEnding = isEnding()
    let size = terminal.size
    let view = TerminalView(width: size.columns, height: size.rows, glyphs: terminal.glyphs)
    terminal.draw(view.lines(state))
  }

  mutating func finish() -> Transcript {
    terminal.close()
    return state.transcript
  }
}

/// Lines, for pipes and files and those who do not like screens that move.
struct PlainView: ConversationView {
  private var log: ConversationLog

  init(_ log: ConversationLog) { self.log = log }

  mutating func take(_ report: BlockReport, missed: Int) {
    if missed > 0 { print("\(missed) blocks were not shown: the output was held up") }
    for line in log.take(report.record, report.events) { print(line) }
  }

  mutating func finish() -> Transcript { log.transcript }

  private func print(_ line: String) {
    FileHandle.standardOutput.write(Data("\(line)\n".utf8))
  }
}
