package import Dataflow

/// A question and its answer, with what a split is decided by.
package struct Exchange: Sendable, Codable, Equatable {
  package var form: String
  package var topic: String
  /// The phrasing: its form and index; `held` where it occurs in tests only, `tried` in validation.
  package var phrasing: String
  /// What fills the phrasing.
  package var combination: String
  /// Lowercase words, no punctuation.
  package var question: String
  /// Lowercase words with full stops and commas.
  package var answer: String
  /// The long answer that this is the question for.
  package var long: String?
  /// The long answer that this asks about.
  package var follows: String?
}

extension World {
  /// What exchanges are about: of the forms, and of what is asked beside them.
  package var topics: Set<String> {
    Set(forms.map(\.topic)).union(["talk", "unknown", "long", "follow"])
  }

  /// An exchange of a form, drawn from a split; nil where a thousand draws find none.
  package func exchange(
    form: Form, split: Split, using random: inout SplitMix64
  ) -> Exchange? {
    let own = form.own(of: split)
    for _ in 0..<1000 {
      let filling = filling(of: form, using: &random)
      let template: String
      let phrasing: String
      if split != .train, random.chance(0.4), let index = random.pick(own.indices) {
        // What is kept for tests is not asked in validation's phrasings either.
        guard split == .test || self.split(form, phrasing: 0, filling) != .test else { continue }
        (template, phrasing) = (own[index], "\(form.id)/\(split.ownName)/\(index)")
      } else {
        let index = random.integer(0...form.ask.count - 1)
        guard self.split(form, phrasing: index, filling) == split else { continue }
        (template, phrasing) = (form.ask[index], "\(form.id)/\(index)")
      }
      var question = prefixed(filling.fill(template), form: form, using: &random)
      if split != .test, form.topic != "digits", random.chance(0.15) {
        question = followed(question, split: split, using: &random)
      }
      guard !keeps(question, from: split) else { continue }
      return Exchange(
        form: form.id, topic: form.topic, phrasing: phrasing, combination: filling.id,
        question: question, answer: filling.fill(form.answer))
    }
    return nil
  }

  /// An exchange of any form, each as likely as its weight is great.
  package func exchange(split: Split, using random: inout SplitMix64) -> Exchange {
    while true {
      guard let form = random.pick(forms, weight: \.weight) else {
        preconditionFailure("The world has no forms")
      }
      if let exchange = exchange(form: form, split: split, using: &random) { return exchange }
    }
  }

  /// Small talk.
  package func smallTalk(split: Split, using random: inout SplitMix64) -> Exchange {
    guard let fixed = random.pick(talk.smallTalk) else {
      preconditionFailure("The world has no small talk")
    }
    return self.fixed(fixed, form: fixed.id ?? "talk", topic: "talk", split: split, using: &random)
  }

  /// A question that nothing in the world answers.
  package func unknown(split: Split, using random: inout SplitMix64) -> Exchange {
    self.fixed(talk.unknown, form: "unknown", topic: "unknown", split: split, using: &random)
  }

  /// The question for a long answer.
  package func question(
    for long: Talk.LongAnswer, split: Split, using random: inout SplitMix64
  ) -> Exchange {
    let fixed = Talk.Fixed(
      ask: long.ask, held: long.held, tried: long.tried, answer: long.answer)
    var exchange = self.fixed(fixed, form: long.id, topic: "long", split: split, using: &random)
    exchange.long = long.id
    return exchange
  }

  /// A question about a long answer.
  package func followUp(
    to long: Talk.LongAnswer, split: Split, using random: inout SplitMix64
  ) -> Exchange {
    guard let index = random.pick(long.follow.indices) else {
      preconditionFailure("\(long.id) has no questions about it")
    }
    var exchange = fixed(
      long.follow[index], form: "\(long.id)/\(index)", topic: "follow", split: split,
      using: &random)
    exchange.follows = long.id
    return exchange
  }

  private func fixed(
    _ fixed: Talk.Fixed, form: String, topic: String, split: Split, using random: inout SplitMix64
  ) -> Exchange {
    let (phrases, isOwn) = (fixed.asked(in: split), fixed.hasOwn(of: split))
    let index = random.integer(0...phrases.count - 1)
    let phrase = phrases[index]
    return Exchange(
      form: form, topic: topic,
      phrasing: "\(form)/\(isOwn ? "\(split.ownName)/" : "")\(index)",
      combination: "",
      // A split's own phrasings are asked as they stand.
      question: isOwn ? phrase : surrounded(phrase, split: split, using: &random),
      answer: fixed.answer)
  }

  /// A phrase, now and then with a word before or behind it that changes nothing; never a sentence
  /// that is kept from the split.
  private func surrounded(
    _ phrase: String, split: Split, using random: inout SplitMix64
  ) -> String {
    guard random.chance(0.4) else { return phrase }
    guard random.chance(0.6) else { return followed(phrase, split: split, using: &random) }
    guard let word = random.pick(talk.surroundings.before) else { return phrase }
    return extended(phrase, with: word, to: "\(word) \(phrase)", split: split)
  }

  /// A phrase with a word behind it that changes nothing, so that the same words are sometimes a whole
  /// question and sometimes not yet.
  ///
  /// Behind a word after which speakers hesitate stands none: before that pause the phrase would be a
  /// sentence of its own.
  private func followed(
    _ phrase: String, split: Split, using random: inout SplitMix64
  ) -> String {
    guard let last = phrase.split(separator: " ").last,
      !talk.hesitations.after.contains(String(last)),
      let word = random.pick(talk.surroundings.after)
    else { return phrase }
    return extended(phrase, with: word, to: "\(phrase) \(word)", split: split)
  }

  /// A sentence of a phrase and a word, or the phrase where it has the word already, or where the
  /// sentence is kept from the split.
  private func extended(
    _ phrase: String, with word: String, to sentence: String, split: Split
  ) -> String {
    " \(phrase) ".contains(" \(word) ") || keeps(sentence, from: split) ? phrase : sentence
  }

  private func prefixed(
    _ question: String, form: Form, using random: inout SplitMix64
  ) -> String {
    guard form.id != "digits", random.chance(0.3), let first = question.split(separator: " ").first
    else { return question }
    var prefixes = talk.prefixes.any
    // Of the question words only those that keep the sentence whole behind "tell me".
    if talk.prefixes.firstWords.contains(String(first)) { prefixes += talk.prefixes.question }
    if talk.commandWords.contains(String(first)) { prefixes += talk.prefixes.command }
    return random.pick(prefixes).map { "\($0) \(question)" } ?? question
  }

  /// Where a speaker may hesitate in a sentence: word counts before a pause.
  ///
  /// The words before it
  /// are never a sentence of their own.
  package func hesitations(in sentence: String) -> [Int] {
    let words = sentence.split(separator: " ")
    return words.indices.dropFirst().filter {
      talk.hesitations.after.contains(String(words[$0 - 1]))
    }
  }
}
