import Dataflow
import Foundation
import Testing

struct BlockTimelineTests {
  private func span(_ start: Int, _ end: Int) -> StageSpan {
    StageSpan(
      arrival: .milliseconds(start - 1), start: .milliseconds(start), end: .milliseconds(end))
  }

  @Test func `a block's latency is from its first arrival to its last output`() {
    var timeline = BlockTimeline(keeping: 4)
    timeline.record(span(80, 90), stage: .capture, block: .first)
    timeline.record(span(91, 130), stage: .language, block: .first)
    #expect(timeline.latency(.first) == .milliseconds(51))
    #expect(timeline.span(.language, .first)?.work == .milliseconds(39))
    #expect(timeline.span(.language, .first)?.waiting == .milliseconds(1))
    #expect(timeline.span(.encoder, .first) == nil)
    #expect(timeline.latency(BlockIndex(1)) == nil)
  }

  @Test func `an endless session keeps its last blocks`() {
    var timeline = BlockTimeline(keeping: 4)
    for position in 0..<10 {
      timeline.record(
        span(position + 1, position + 2), stage: .capture, block: BlockIndex(position))
    }
    timeline.record(span(1, 2), stage: .encoder, block: BlockIndex(3))
    #expect(timeline.blocks.map(\.position) == [6, 7, 8, 9])
    #expect(timeline.span(.capture, BlockIndex(5)) == nil)
    #expect(timeline.span(.encoder, BlockIndex(3)) == nil)
    #expect(timeline.span(.encoder, BlockIndex(7)) == nil)
  }

  @Test func `a trace has a row for each stage and a slice for each block`() throws {
    var timeline = BlockTimeline(keeping: 4)
    timeline.record(span(80, 90), stage: .encoder, block: BlockIndex(3))
    var trace = ChromeTrace()
    trace.add(timeline)
    trace.mark("drop \"1\"", at: .milliseconds(85), stage: .capture)
    trace.count("blocks", 2, at: .milliseconds(86))
    let json = try JSONSerialization.jsonObject(with: Data(trace.encoded())) as? [String: Any]
    let events = try #require(json?["traceEvents"] as? [[String: Any]])
    #expect(events.filter { $0["ph"] as? String == "M" }.count == 5)
    let slice = try #require(events.first { $0["ph"] as? String == "X" })
    #expect(slice["ts"] as? Int == 80_000 && slice["dur"] as? Int == 10_000)
    #expect((slice["args"] as? [String: Any])?["block"] as? Int == 3)
    #expect(events.contains { $0["name"] as? String == "drop \"1\"" && $0["tid"] as? Int == 0 })
    #expect(events.last?["ph"] as? String == "C")
  }
}
