import Dataflow
package import Foundation

/// The closed world that conversations are about: its facts, forms and phrases.
///
/// It is read from four files: `tables.json`, `forms.json`, `talk.json` and `splits.json`.
package struct World: Sendable {
  package let tables: [String: [[String: String]]]
  package let forms: [Form]
  package let talk: Talk
  package let rules: SplitRules

  private let reserved: [Split: Set<String>]
  private let fillings: [String: [Filling]]

  /// The world that comes with this library.
  package static func builtIn() throws(ScenarioError) -> World {
    guard let folder = Bundle.module.url(forResource: "Resources", withExtension: nil) else {
      throw ScenarioError(.missing, "Resources", "the library's data folder is not beside it")
    }
    return try World(folder: folder)
  }

  /// Reads a world and checks that every brace of every template can be filled.
  package init(folder: URL) throws(ScenarioError) {
    tables = try Self.read("tables.json", folder)
    forms = try Self.read("forms.json", folder)
    talk = try Self.read("talk.json", folder)
    rules = try Self.read("splits.json", folder)
    let talk = talk
    reserved = Dictionary(
      uniqueKeysWithValues: Split.allCases.map { ($0, talk.reserved(from: $0)) })
    var fillings: [String: [Filling]] = [:]
    for form in forms {
      let rows = try Self.fillings(form, tables)
      let sample = rows.first ?? Computation.filling(digits: [1])
      for template in form.phrasings + [form.answer] {
        guard !sample.fill(template).contains("{") else {
          throw ScenarioError(.malformed, form.id, "nothing fills the braces of \"\(template)\"")
        }
      }
      fillings[form.id] = rows
    }
    self.fillings = fillings
  }

  private static func read<Value: Decodable>(
    _ name: String, _ folder: URL
  ) throws(ScenarioError) -> Value {
    do {
      return try JSONDecoder().decode(
        Value.self, from: Data(contentsOf: folder.appending(path: name)))
    } catch { throw ScenarioError(.malformed, name, "\(error)") }
  }

  private static func fillings(
    _ form: Form, _ tables: [String: [[String: String]]]
  ) throws(ScenarioError) -> [Filling] {
    if let compute = form.compute, let range = form.range, range.count == 2 {
      return compute.fillings(range[0]...range[1])
    }
    guard let name = form.table, let rows = tables[name], !rows.isEmpty else {
      throw ScenarioError(.malformed, form.id, "a form needs a table that exists, or a range")
    }
    return rows.map { row in
      let id = row.sorted { $0.key < $1.key }.map(\.value).joined(separator: ",")
      return Filling(id: id, words: row, mayBeHeld: true)
    }
  }

  /// Whether a sentence is not for a split, because another one is asked with it.
  func keeps(_ sentence: String, from split: Split) -> Bool {
    reserved[split]?.contains(sentence) ?? false
  }

  /// A filling of a form, drawn.
  func filling(of form: Form, using random: inout SplitMix64) -> Filling {
    if let rows = fillings[form.id], let row = random.pick(rows) { return row }
    let range = form.range ?? [3, 5]
    return Computation.filling(
      digits: (0..<random.integer(range[0]...range[1])).map { _ in random.integer(0...9) })
  }

  /// Every filling of a form, in order; none for digits, which are drawn.
  package func fillings(of form: Form) -> [Filling] { fillings[form.id] ?? [] }

  /// The split that a phrasing with a filling belongs to.
  func split(_ form: Form, phrasing: Int, _ filling: Filling) -> Split {
    if let compute = form.compute, !compute.isFact {
      guard filling.mayBeHeld else { return .train }
      let name = compute == .one ? form.id : compute.rawValue
      return rules.split(of: "\(name)|\(filling.id)")
    }
    // A fact has to be heard in some phrasing: it is held for the others only.
    guard phrasing > 0 else { return .train }
    return rules.split(of: "\(form.id)|\(phrasing)|\(filling.id)")
  }
}
