import Checkpoints
import Testing

struct JSONValueTests {
  private func parse(_ text: String) throws -> JSONValue {
    try JSONValue(parsing: Array(text.utf8), file: "t.json")
  }

  private func failure(_ text: String) -> String {
    failure(bytes: Array(text.utf8))
  }

  private func failure(bytes: [UInt8]) -> String {
    do {
      return "\(try JSONValue(parsing: bytes, file: "t.json").kind) was read"
    } catch {
      return error.description
    }
  }

  @Test func `every kind of value is read`() throws {
    let text = #" { "a" : [ null , true , false , -12 , 2.5e1 , "x" ] , "b" : { } , "c" : [ ] } "#
    let expected: JSONValue = ["a": [nil, true, false, -12, 25.0, "x"], "b": [:], "c": []]
    #expect(try parse(text) == expected)
  }

  @Test(arguments: [
    ("0", JSONValue.integer(0)), ("-0", 0), ("9223372036854775807", .integer(.max)),
    ("-9223372036854775808", .integer(.min)), ("9223372036854775808", .number(0x1p63)),
    ("-9223372036854775809", .number(-0x1p63)), ("1.0", .number(1)), ("1e3", .number(1000)),
    ("1E+2", .number(100)), ("1e-400", .number(0)), ("0.1", .number(0.1)),
    ("1000000000000000019884624838656", .number(1e30)),
  ])
  func `integers that fit stay integers`(text: String, value: JSONValue) throws {
    #expect(try parse(text) == value)
  }

  @Test(arguments: [
    (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u0041\u00e9\u4F60""#, "Aé你"),
    (#""\ud83d\uDE00""#, "😀"), ("\"Ġ café 😀\"", "Ġ café 😀"), (#""\u0000""#, "\u{0}"),
    ("\"\u{7F}\"", "\u{7F}"),
  ])
  func `strings and their escapes are read`(text: String, value: String) throws {
    #expect(try parse(text) == .string(value))
  }

  @Test(arguments: [
    ("", "expected a value, found the end"), ("  ", "expected a value, found the end"),
    ("{", "expected a name in an object"), ("[1", "expected , or ] in an array"),
    ("[1,]", "expected a value"), ("{\"a\":1,}", "expected a name"), ("{\"a\" 1}", "expected :"),
    ("{a:1}", "expected a name"), ("01", "expected the end"), ("1 2", "expected the end"),
    ("-", "expected a digit"), ("1.", "expected a digit"), ("1e", "expected a digit"),
    ("+1", "expected a value"), (".5", "expected a value"), ("1e999", "too large"),
    ("nul", "expected a value"), ("True", "expected a value"), ("NaN", "expected a value"),
    ("\"a", "without end"), ("\"a\nb\"", "control character"), (#""\x""#, "unknown escape"),
    (#""\u12g4""#, "hexadecimal"), (#""\ud800""#, "surrogate"), (#""\ud800\u0041""#, "surrogate"),
    (#""\udc00""#, "surrogate"), ("\u{FEFF}1", "expected a value"), ("[1}", "expected , or ]"),
    ("\"\\", "without end"), ("/* */1", "expected a value"),
  ])
  func `what is no JSON is refused with the place`(text: String, reason: String) {
    let message = failure(text)
    #expect(message.hasPrefix("t.json: no JSON at byte "), "\(message)")
    #expect(message.contains(reason), "\(message)")
  }

  @Test(
    arguments: [
      [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82],
    ] as [[UInt8]])
  func `strings that are not UTF-8 are refused`(bytes: [UInt8]) {
    let quote = [UInt8(ascii: "\"")]
    #expect(failure(bytes: quote + bytes + quote).contains("not UTF-8"))
    #expect(failure(bytes: quote + Array("\\n".utf8) + bytes + quote).contains("not UTF-8"))
  }

  @Test(arguments: [2, 8, 9, 100, 5000])
  func `a name that comes twice is refused, also in large objects`(count: Int) throws {
    let names = (0..<count).map { "\"n\($0)\":\($0)" }
    let whole = try parse("{\(names.joined(separator: ","))}")
    #expect(whole.objectValue?.count == count)
    #expect(whole.objectValue?["n\(count - 1)"] == .integer(Int64(count - 1)))
    #expect(whole.objectValue?["m"] == nil)
    let message = failure("{\((names + [names[count / 2]]).joined(separator: ","))}")
    #expect(message.contains("\"n\(count / 2)\" comes twice"), "\(message)")
  }

  @Test(arguments: [1, 20])
  func `names that are only canonically equivalent are two names`(others: Int) throws {
    let more = (0..<others).map { ",\"n\($0)\":0" }.joined()
    let value = try parse("{\"\u{E9}\":1,\"e\u{301}\":2\(more)}")
    #expect(value.objectValue?["\u{E9}"] == 1)
    #expect(value.objectValue?["e\u{301}"] == 2)
  }

  @Test func `an escaped name equals the plain one`() {
    #expect(failure(#"{"a":1,"\u0061":2}"#).contains("\"a\" comes twice"))
  }

  @Test func `nesting is read up to the limit and refused beyond`() throws {
    let deep = { (n: Int) in
      String(repeating: "[", count: n) + String(repeating: "]", count: n)
    }
    _ = try parse(deep(64))
    #expect(failure(deep(65)).contains("nested deeper than 64"))
    #expect(failure(String(repeating: "[", count: 1_000_000)).contains("nested deeper"))
    #expect(failure(String(repeating: "{\"a\":", count: 1_000_000)).contains("nested deeper"))
    let three = try JSONValue(parsing: Array(deep(3).utf8), file: "t", maximumDepth: 3)
    #expect(three == [[[]]])
    #expect(throws: CheckpointError.self) {
      try JSONValue(parsing: Array(deep(4).utf8), file: "t", maximumDepth: 3)
    }
  }

  @Test func `what is written reads back the same`() throws {
    let value: JSONValue = [
      "z": [1, -2.5, 1e-7, nil, true], "a": ["é\"\\\n\u{1}\u{7F}😀": "x", "": [:]],
      "n": .integer(.min),
    ]
    #expect(try parse(value.text()) == value)
    #expect(try parse(value.text(sortingKeys: true)) == value)
    #expect(value.text().hasPrefix("{\"z\":[1,-2.5,1e-07,null,true],\"a\":"))
    #expect(value.text(sortingKeys: true).hasPrefix("{\"a\":{\"\":{},"))
  }
}
