import Dataflow
import Scenarios
import Testing

@Suite struct WorldTests {
  let world: World

  init() throws { world = try World.builtIn() }

  @Test func `the world has forty forms and more, and about seven hundred words`() {
    #expect(world.forms.count >= 40)
    #expect((600...800).contains(world.vocabulary.count), "\(world.vocabulary.count)")
    #expect(Set(world.forms.map(\.id)).count == world.forms.count)
  }

  @Test func `every word is lowercase letters, so that every voice can say it`() {
    for word in world.vocabulary {
      #expect(word.allSatisfy { $0.isASCII && $0.isLowercase }, "\(word)")
    }
  }

  @Test(arguments: Split.allCases)
  func `everything that is asked and answered is made of the vocabulary`(_ split: Split) {
    let words = Set(world.vocabulary)
    var random = SplitMix64(seed: 3)
    for _ in 0..<5_000 {
      let exchange = world.anyExchange(split: split, using: &random)
      let said = World.words(of: exchange.question + " " + exchange.answer)
      #expect(words.isSuperset(of: said), "\(exchange)")
      #expect(exchange.question.allSatisfy { $0.isLowercase || $0 == " " }, "\(exchange)")
      #expect(
        exchange.answer.allSatisfy { $0.isLowercase || " .,".contains($0) }, "\(exchange)")
      #expect(exchange.answer.hasSuffix("."))
    }
  }

  @Test(arguments: [
    (0, "zero"), (13, "thirteen"), (20, "twenty"), (42, "forty two"), (100, "one hundred"),
    (101, "one hundred and one"),
  ])
  func `numbers are spelled as they are spoken`(_ number: Int, _ words: String) {
    #expect(NumberWords.words(number) == words)
  }

  @Test func `arithmetic is right`() throws {
    let values = Dictionary(
      uniqueKeysWithValues: (0..<200).map { (NumberWords.words($0), $0) })
    let rules: [String: (Int, Int) -> Int] = [
      "add": { $0 + $1 }, "subtract": { $0 - $1 }, "multiply": { $0 * $1 },
    ]
    for (id, rule) in rules {
      let form = try #require(world.forms.first { $0.id == id })
      let fillings = world.fillings(of: form)
      #expect(fillings.count >= 100)
      for filling in fillings {
        let a = try #require(values[filling.words["a"] ?? ""])
        let b = try #require(values[filling.words["b"] ?? ""])
        #expect(values[filling.words["c"] ?? ""] == rule(a, b))
      }
    }
  }

  @Test func `the words before a hesitation are never a sentence of their own`() {
    var random = SplitMix64(seed: 9)
    var sentences: Set<String> = []
    for split in Split.allCases {
      for _ in 0..<8_000 {
        sentences.insert(world.anyExchange(split: split, using: &random).question)
      }
    }
    var places = 0
    for sentence in sentences {
      let words = sentence.split(separator: " ")
      for place in world.hesitations(in: sentence) {
        places += 1
        let before = words[..<place].joined(separator: " ")
        #expect(!sentences.contains(before), "\(before) | \(sentence)")
      }
    }
    #expect(places > 10_000)
  }

  @Test func `the assistant's lines are distinct and hold every word three times`() {
    let lines = world.assistantLines(count: 4_000, seed: 1)
    #expect(lines.count >= 4_000)
    #expect(Set(lines).count == lines.count)
    var counts: [String: Int] = [:]
    for word in lines.flatMap(World.words) { counts[word, default: 0] += 1 }
    for word in world.vocabulary { #expect(counts[word, default: 0] >= 3, "\(word)") }
  }
}
