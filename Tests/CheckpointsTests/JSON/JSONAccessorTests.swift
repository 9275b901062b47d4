import Checkpoints
import Testing

struct JSONAccessorTests {
  private func object() throws -> JSONObject {
    let text = """
      {"size": 4, "theta": 5e5, "name": "x", "on": true, "none": null, "list": [1, 2],
       "words": ["a", "b"], "mixed": [1, "b"], "scaling": {"factor": 8, "inner": {"low": "x"}},
       "tokens": [{"id": 1}, {"id": "two"}]}
      """
    return try JSONObject(parsing: Array(text.utf8), file: "config.json")
  }

  private func message(_ body: (JSONObject) throws -> some Any) throws -> String {
    let object = try object()
    do {
      return "\(try body(object)) was read"
    } catch let error as CheckpointError {
      return error.description
    }
  }

  @Test func `values are read by type`() throws {
    let object = try object()
    #expect(try object.integer("size", in: 1...10) == 4)
    #expect(try object.number("size") == 4)
    #expect(try object.number("theta") == 500_000)
    #expect(try object.string("name") == "x")
    #expect(try object.bool("on"))
    #expect(try object.integers("list", in: 0...9) == [1, 2])
    #expect(try object.numbers("list") == [1, 2])
    #expect(try object.strings("words") == ["a", "b"])
    #expect(try object.array("mixed") == [1, "b"])
    #expect(try object.object("scaling").integer("factor") == 8)
    #expect(try object.objects("tokens").count == 2)
  }

  @Test func `missing and null are nil where they may be`() throws {
    let object = try object()
    for key in ["none", "absent"] {
      #expect(try object.optionalInteger(key) == nil)
      #expect(try object.optionalNumber(key) == nil)
      #expect(try object.optionalString(key) == nil)
      #expect(try object.optionalBool(key) == nil)
      #expect(try object.optionalObject(key) == nil)
      #expect(try object.optionalArray(key) == nil)
      #expect(try object.optionalStrings(key) == nil)
      #expect(try object.optionalIntegers(key) == nil)
      #expect(try object.optionalObjects(key) == nil)
      #expect(object.optionalValue(key) == nil)
    }
    #expect(try object.optionalInteger("size", in: 0...4) == 4)
  }

  @Test func `errors name the file, the path and what was expected`() throws {
    #expect(
      try message { try $0.integer("hidden") }
        == "config.json: hidden: is missing, expected an integer")
    #expect(
      try message { try $0.integer("name") }
        == "config.json: name: is a string, expected an integer")
    #expect(
      try message { try $0.integer("size", in: 5...9) }
        == "config.json: size: is 4, expected 5 to 9")
    #expect(
      try message { try $0.integer("theta") }
        == "config.json: theta: is a number, expected an integer")
    #expect(
      try message { try $0.object("scaling").object("inner").number("low") }
        == "config.json: scaling.inner.low: is a string, expected a number")
    #expect(
      try message { try $0.strings("mixed") }
        == "config.json: mixed[0]: is an integer, expected a string")
    #expect(
      try message { try $0.objects("tokens")[1].integer("id") }
        == "config.json: tokens[1].id: is a string, expected an integer")
    #expect(
      try message { try $0.optionalBool("size") }
        == "config.json: size: is an integer, expected a truth value")
  }

  @Test func `a text that is no object is refused as one`() {
    #expect(
      throws: CheckpointError(.malformed, file: "c", reason: "is an array, expected an object")
    ) { try JSONObject(parsing: Array("[]".utf8), file: "c") }
  }
}
