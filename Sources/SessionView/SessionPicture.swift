public import Dataflow

/// The picture of a recorded session.
///
/// On one axis of time it shows both recordings, the assistant's state, the text where it was
/// predicted, the probabilities of think, shift and speak, the latency of each stage against
/// 80 ms, and what went wrong. A block is drawn at 80 ms times its index; the recordings begin at
/// block 0.
///
/// A session of up to 75 s is one row, one of up to 15 minutes has rows of half a minute to a
/// minute; a longer one is an overview without text, with a list of events.
///
/// ```swift
/// let picture = SessionPicture(
///   journal: try Journal(path: "session/journal.jsonl"), environment: environment,
///   assistant: assistant, title: "session")
/// try picture.png(path: "timeline.png")
/// ```
public struct SessionPicture: Sendable {
  let timeline: SessionTimeline
  let title: String

  /// Describes the picture.
  ///
  /// - Parameters:
  ///   - journal: The session's journal.
  ///   - environment: What was heard.
  ///   - assistant: What was put out.
  ///   - title: The headline.
  public init(journal: Journal, environment: Waveform, assistant: Waveform, title: String) {
    timeline = SessionTimeline(journal: journal, environment: environment, assistant: assistant)
    self.title = title
  }

  /// How long the session is, in seconds.
  public var seconds: Double { timeline.length }

  /// Writes the picture as a PNG file; an older file of this name is replaced.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - range: What to show, in seconds; everything without it.
  ///   - scheme: The colours.
  ///   - scale: Pixels in a point; a picture is 1,600 points wide. It is reduced where the picture
  ///     would be more than 20,000 pixels high.
  /// - Throws: ``SessionViewError``: nothingRecorded, emptyRange, drawing, or why the file cannot
  ///   be written.
  public func png(
    path: String, range: ClosedRange<Double>? = nil, scheme: ColourScheme = .light,
    scale: Double = 2
  ) throws(SessionViewError) {
    precondition(scale > 0 && scale.isFinite, "No scale: \(scale)")
    let bytes = try drawing(range).png(scale: scale, scheme: scheme, title: title)
    try PictureFile.write(bytes, to: path)
  }

  /// Writes the picture as a page that plays the session; an older file of this name is replaced.
  ///
  /// The page needs nothing but itself and, where it is linked, the sound. It shows each block's
  /// values under the pointer, and follows the light or dark scheme of the browser.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - sound: Where the page finds the recordings.
  ///   - range: What to show, in seconds; everything without it.
  /// - Throws: ``SessionViewError``: nothingRecorded, emptyRange, drawing, or why a file cannot be
  ///   read or written.
  public func html(
    path: String, sound: SessionSound = .linked(), range: ClosedRange<Double>? = nil
  ) throws(SessionViewError) {
    let page = SessionPage(drawing: try drawing(range), title: title, sound: sound)
    var file = try PictureFile(path: path)
    try page.write(to: &file)
    try file.finish()
  }

  /// Lays the picture out.
  package func drawing(_ wanted: ClosedRange<Double>?) throws(SessionViewError) -> SessionDrawing {
    guard timeline.length > 0 else {
      let end = timeline.marks.last { $0.kind == .end }
      throw SessionViewError(
        .nothingRecorded, path: title, detail: end.map { "it ended: \($0.text)" } ?? "")
    }
    let start = max(0, wanted?.lowerBound ?? 0)
    let end = min(timeline.length, wanted?.upperBound ?? .infinity)
    guard end - start > 1e-3 else {
      throw SessionViewError(
        .emptyRange, path: title,
        detail: "it is \(timeline.length.clockText(decimals: 2)) long")
    }
    return try SessionDrawing(timeline, title: title, range: start..<end)
  }
}
