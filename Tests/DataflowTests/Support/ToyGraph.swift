import Dataflow

/// Five stages in a row with a feedback edge from the last to the second.
struct ToyGraph {
  let pipeline: Pipeline
  let log = Log<StageID>()
  let played = Log<UInt64>()
  let edges: [AnyEdge]

  /// - Parameters:
  ///   - blocks: How many blocks go through.
  ///   - capacity: How many items each edge holds.
  ///   - delay: How many items the feedback edge begins with.
  ///   - isPolling: Whether a stage looks at an edge without receiving.
  init(blocks: UInt64, capacity: Int = 2, delay: Int = 1, isPolling: Bool = false) {
    let blocksEdge = makeEdge(
      of: UInt64.self, name: EdgeName("blocks", from: .capture, to: .encoder), capacity: capacity)
    let frames = makeEdge(
      of: UInt64.self, name: EdgeName("frames", from: .encoder, to: .language), capacity: capacity)
    let tokens = makeEdge(
      of: UInt64.self, name: EdgeName("tokens", from: .language, to: .synthesizer),
      capacity: capacity)
    let speech = makeEdge(
      of: UInt64.self, name: EdgeName("speech", from: .synthesizer, to: .playback),
      capacity: capacity)
    let ownSpeech = makeEdge(
      of: UInt64.self, name: EdgeName("own speech", from: .playback, to: .encoder),
      capacity: max(capacity, delay), initial: Array(repeating: 0, count: delay))
    edges = [
      blocksEdge.writer.edge, frames.writer.edge, tokens.writer.edge, speech.writer.edge,
      ownSpeech.writer.edge,
    ]
    pipeline = Pipeline(
      stages: [
        ToySource(count: blocks, output: blocksEdge.writer, log: log),
        ToyEncoder(
          input: blocksEdge.reader, feedback: ownSpeech.reader, output: frames.writer, log: log),
        ToyStep(
          id: .language, input: frames.reader, output: tokens.writer, log: log,
          polled: isPolling ? blocksEdge.reader.edge : nil),
        ToyStep(id: .synthesizer, input: tokens.reader, output: speech.writer, log: log),
        ToyPlayback(input: speech.reader, feedback: ownSpeech.writer, log: log, played: played),
      ], edges: edges)
  }

  /// What the stages compute, computed without stages.
  static func expected(blocks: UInt64) -> [UInt64] {
    var (encoder, language, synthesizer, spoken) = (UInt64(1), UInt64(1), UInt64(1), UInt64(0))
    return (0..<blocks).map { heard in
      encoder = mixed(mixed(encoder, heard), spoken)
      language = mixed(language, encoder)
      synthesizer = mixed(synthesizer, language)
      spoken = synthesizer
      return spoken
    }
  }
}
