import Dataflow

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
      let mean = values.reduce(0, +) / Double(values.count)
      rows.append(Row(name: "\(name), mean", value: mean, unit: "ms", count: values.count))
      let p90 = values.percentile(90)
      rows.append(Row(name: "\(name), p90", value: p90, unit: "ms", count: values.count))
    }
    func add(_ name: String, _ f1: F1) {
      // Without a case of either kind, recall or stops alone say what there is to say.
      guard let value = f1.value else { return }
      rows.append(Row(name: "\(name) precision", value: f1.precision, unit: "", count: f1.count))
      rows.append(Row(name: "\(name) recall", value: f1.recall, unit: "", count: f1.count))
      rows.append(Row(name: "\(name) F1", value: value, unit: "", count: f1.count))
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
    add("barge-in, context-independent", scores.contextIndependent)
    add("barge-in, context-dependent", scores.contextDependent)
    add("barge-in, overall", scores.overall)
    add("first sound from the end of speech", scores.firstSound)
    add("silence from the phrase's start", scores.stopFromOnset)
    add("silence from the phrase's end", scores.stopFromEnd)
    let judged = scores.stops.values.reduce(0) { $0 + $1.count }
    rows.append(
      Row(
        name: "events not judged", value: Double(scores.notJudged), unit: "",
        count: judged + scores.notJudged))
    let hours = scores.seconds / 3_600
    func add(_ name: String, hourly events: Int) {
      guard hours > 0 else { return }
      rows.append(
        Row(name: name, value: Double(events) / hours, unit: "/h", count: scores.conversations))
    }
    add("starts without a user, an hour", hourly: scores.selfStarts)
    if let silence = scores.stops["silence go on"] {
      add("stops while nobody speaks, an hour", hourly: silence.hits)
    }
    rows.append(
      Row(
        name: "starts without a user", value: Double(scores.selfStarts), unit: "",
        count: scores.conversations))
    rows.append(
      Row(
        name: "hours of conversation", value: hours, unit: "h",
        count: scores.conversations))
    self.rows = rows
  }
}
