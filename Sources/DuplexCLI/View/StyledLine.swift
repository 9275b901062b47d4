/// One line of a terminal: pieces of text with what they mean.
package struct StyledLine: Hashable, Sendable {
  /// What a piece of text means, which chooses its colour.
  package enum Style: Hashable, Sendable {
    case plain
    /// Less important than the rest.
    case faint
    case strong
    case good
    case warning
    case bad
    /// What belongs to the user.
    case heard
    /// What belongs to the assistant.
    case said

    fileprivate var code: String {
      switch self {
      case .plain: ""
      case .faint: "2"
      case .strong: "1"
      case .good: "32"
      case .warning: "33"
      case .bad: "1;31"
      case .heard: "36"
      case .said: "35"
      }
    }
  }

  private struct Span: Hashable {
    var text: String
    let style: Style
  }

  private var spans: [Span] = []
  /// How many columns it takes.
  package private(set) var width = 0

  /// An empty line.
  package init() {}

  /// A line of one piece.
  package init(_ text: String, _ style: Style = .plain) { add(text, style) }

  /// Adds a piece at the right.
  package mutating func add(_ text: String, _ style: Style = .plain) {
    guard !text.isEmpty else { return }
    spans.append(Span(text: text, style: style))
    width += text.count
  }

  /// Fills up with spaces to a column.
  package mutating func pad(to column: Int) {
    add(String(repeating: " ", count: max(0, column - width)))
  }

  /// Adds a piece so that it ends at a column.
  package mutating func add(_ text: String, _ style: Style = .plain, endingAt column: Int) {
    pad(to: column - text.count)
    add(text, style)
  }

  /// The line without what is beyond a width.
  package func cut(to columns: Int) -> StyledLine {
    guard width > columns else { return self }
    var line = StyledLine()
    for span in spans {
      line.add(String(span.text.prefix(max(0, columns - line.width))), span.style)
    }
    return line
  }

  /// The text alone.
  package var text: String { spans.map(\.text).joined() }

  /// The text with the escape sequences of its colours.
  package var ansi: String {
    spans.map { span in
      span.style == .plain ? span.text : "\u{1B}[\(span.style.code)m\(span.text)\u{1B}[0m"
    }.joined()
  }
}
