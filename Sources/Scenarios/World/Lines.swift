package import Dataflow

extension World {
  /// Anything that may be asked, and its answer, drawn from a split: forms mostly, with small talk,
  /// unknown questions, long answers and questions about them.
  package func anyExchange(split: Split, using random: inout SplitMix64) -> Exchange {
    let place = random.uniform()
    if place < 0.06 { return smallTalk(split: split, using: &random) }
    if place < 0.09 { return unknown(split: split, using: &random) }
    if place < 0.16, let long = random.pick(talk.longAnswers) {
      return random.chance(0.4)
        ? question(for: long, split: split, using: &random)
        : followUp(to: long, split: split, using: &random)
    }
    return exchange(split: split, using: &random)
  }

  /// Distinct lines to learn the assistant's voice from.
  ///
  /// Every fixed answer, then drawn answers and questions of the training split, and at the end
  /// short lists so that every word of the vocabulary occurs at least three times.
  package func assistantLines(count: Int, seed: UInt64) -> [String] {
    var random = SplitMix64(seed: seed, item: 0, purpose: "assistant-lines")
    var lines: [String] = []
    var seen: Set<String> = []
    func add(_ line: String) {
      if seen.insert(line).inserted { lines.append(line) }
    }
    for fixed in talk.smallTalk { add(fixed.answer) }
    for long in talk.longAnswers {
      add(long.answer)
      for fixed in long.follow { add(fixed.answer) }
    }
    for number in 0...101 { add(NumberWords.words(number) + ".") }
    // Draws end by themselves where the world has fewer lines than are asked for.
    for _ in 0..<40 * count where lines.count < count {
      let exchange = anyExchange(split: .train, using: &random)
      add(random.chance(0.75) ? exchange.answer : exchange.question + ".")
    }
    var counts: [String: Int] = [:]
    for word in lines.flatMap(Self.words) { counts[word, default: 0] += 1 }
    for _ in 0..<3 {
      var rare = vocabulary.filter { counts[$0, default: 0] < 3 }.shuffled(using: &random)
      while !rare.isEmpty {
        let words = rare.suffix(4)
        rare.removeLast(words.count)
        for word in words { counts[word, default: 0] += 1 }
        add(words.joined(separator: ", ") + ".")
      }
    }
    return lines
  }
}
