/// The measures as rows, and as JSON.
package struct ScoreTable: Sendable {
  /// A measure: its name, its value, and how many cases it rests on.
  package struct Row: Sendable, Codable, Equatable {
    package var name: String
    package var value: Double?
    package var unit: String
    package var count: Int
  }

  package let rows: [Row]

  /// The measures of conversations; those without a case are left out.
  package init(_ scores: ConversationScores) {
    var rows: [Row] = []
    func add(_ name: String, _ tally: Tally) {
      guard tally.count > 0 else { return }
      rows.append(
        Row(name: name, value: tally.share.map { 100 * $0 }, unit: "%", count: tally.count))
    }
    func add(_ name: String, _ values: [Double]) {
      guard !values.isEmpty else { return }
      let sorted = values.sorted()
      let mean = values.reduce(0, +) / Double(values.count)
      rows.append(Row(name: "\(name), mean", value: mean, unit: "ms", count: values.count))
      let p90 = sorted[min(sorted.count - 1, sorted.count * 9 / 10)]
      rows.append(Row(name: "\(name), p90", value: p90, unit: "ms", count: values.count))
    }
    func add(_ name: String, _ f1: F1, _ count: Int) {
      guard f1.recall != nil else { return }
      rows.append(Row(name: "\(name) precision", value: f1.precision, unit: "", count: count))
      rows.append(Row(name: "\(name) recall", value: f1.recall, unit: "", count: count))
      rows.append(Row(name: "\(name) F1", value: f1.value, unit: "", count: count))
    }
    add("turn-taking success", scores.turns)
    add("turns taken too early", scores.early)
    add("text correct, of all turns", scores.texts)
    add("text correct, of turns taken", scores.textsOfTaken)
    if scores.textsOfEngine.count > 1 {
      for (engine, tally) in scores.textsOfEngine.sorted(by: { $0.key < $1.key }) {
        add("text correct, of all turns, \(engine)", tally)
      }
    }
    add("starts at pauses", scores.pauses)
    for (name, tally) in scores.stops.sorted(by: { $0.key < $1.key }) {
      add("stops: \(name)", tally)
    }
    let judged = scores.stops.values.reduce(0) { $0 + $1.count }
    if scores.stops.keys.contains("backchannel go on") {
      add("barge-in, context-independent", scores.contextIndependent, judged)
    }
    if scores.stops.keys.contains("related stop") {
      add("barge-in, context-dependent", scores.contextDependent, judged)
    }
    add("barge-in, overall", scores.overall, judged)
    add("first sound from the end of speech", scores.firstSound)
    add("silence from the phrase's start", scores.stopFromOnset)
    add("silence from the phrase's end", scores.stopFromEnd)
    rows.append(
      Row(name: "events not judged", value: Double(scores.notJudged), unit: "", count: judged))
    rows.append(
      Row(
        name: "starts without a user", value: Double(scores.selfStarts), unit: "",
        count: scores.conversations))
    rows.append(
      Row(
        name: "hours of conversation", value: scores.seconds / 3_600, unit: "h",
        count: scores.conversations))
    self.rows = rows
  }
}
