extension World {
  /// The words of a text, without punctuation.
  package static func words(of text: String) -> [String] {
    text.split { !($0.isLetter || $0 == "'") }.map(String.init)
  }

  /// Every word that a user or the assistant may say, in alphabetical order.
  package var vocabulary: [String] {
    var words: Set<String> = []
    func add(_ text: String) { words.formUnion(Self.words(of: text)) }
    func addTemplate(_ text: String) {
      add(text.replacing(#/\{[^}]*\}/#, with: ""))
    }
    for number in 0...101 { add(NumberWords.words(number)) }
    for form in forms {
      (form.phrasings + [form.answer]).forEach(addTemplate)
      for filling in fillings(of: form) { filling.words.values.forEach(add) }
    }
    for fixed in talk.smallTalk + [talk.unknown] { fixed.sentences.forEach(add) }
    for long in talk.longAnswers {
      (long.ask + long.held + (long.tried ?? []) + [long.answer]).forEach(add)
      for fixed in long.follow { fixed.sentences.forEach(add) }
    }
    for phrases in [talk.interruptions, talk.backchannels, talk.unrelated] {
      for split in Split.allCases { phrases[split].forEach(add) }
    }
    let (prefixes, surroundings) = (talk.prefixes, talk.surroundings)
    (prefixes.question + prefixes.command + prefixes.any + talk.hesitations.fillers).forEach(add)
    (surroundings.before + surroundings.after).forEach(add)
    return words.sorted()
  }
}
