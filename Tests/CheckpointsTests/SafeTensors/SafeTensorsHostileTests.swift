import Checkpoints
import Testing

struct SafeTensorsHostileTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let bytes: [UInt8]
    let reason: String
    var testDescription: String { reason }

    init(_ header: String, data dataCount: Int = 0, size: UInt64? = nil, _ reason: String) {
      bytes = SafeTensorsBytes.file(header, dataCount: dataCount, size: size)
      self.reason = reason
    }

    /// One tensor "t".
    init(
      _ type: String, _ shape: String, _ offsets: String, data dataCount: Int = 0,
      _ reason: String
    ) {
      self.init(
        #"{"t":{"dtype":\#(type),"shape":\#(shape),"data_offsets":\#(offsets)}}"#, data: dataCount,
        reason)
    }
  }

  private static let one = #""t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"#

  static let cases: [Case] = [
    Case("", size: 1 << 63, "9223372036854775808 bytes is declared, more than the 100000000"),
    Case("{}", size: .max, "18446744073709551615 bytes is declared, more than"),
    Case("{}", size: 100_000_001, "more than the 100000000 allowed"),
    Case("{}", size: 3, "3 bytes is declared, but the file ends after 10"),
    Case("{}", size: 0, "does not begin with {"),
    Case(" {}", "does not begin with {"),
    Case("[]", "does not begin with {"),
    Case("{", "no JSON at byte 1"),
    Case("{\(one)", data: 4, "no JSON"),
    Case("{\(one),\(one)}", data: 4, "the name \"t\" comes twice"),
    Case("{\(String(repeating: "\"a\":{", count: 100))", "nested deeper than 64"),
    Case(
      #"{"":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, data: 4, "a tensor has no name"),
    Case(#"{"t":5}"#, "t: is an integer, expected an object"),
    Case(#"{"t":{}}"#, "t.dtype: is missing, expected a string"),
    Case(#"{"__metadata__":[]}"#, "__metadata__: is an array, expected an object"),
    Case(#"{"__metadata__":{"a":1}}"#, "__metadata__.a: is an integer, expected a string"),
    Case("\"F31\"", "[1]", "[0,4]", data: 4, "\"F31\" is no number format"),
    Case("\"f32\"", "[1]", "[0,4]", data: 4, "\"f32\" is no number format"),
    Case("7", "[1]", "[0,4]", data: 4, "t.dtype: is an integer, expected a string"),
    Case("\"F32\"", "1", "[0,4]", data: 4, "t.shape: is an integer, expected an array"),
    Case("\"F32\"", "[-1]", "[0,4]", data: 4, "t.shape[0]: is -1, expected at least 0"),
    Case("\"F32\"", "[1.0]", "[0,4]", data: 4, "t.shape[0]: is a number, expected an integer"),
    Case("\"F32\"", "[9223372036854775808]", "[0,4]", data: 4, "expected an integer"),
    Case("\"F32\"", "[4294967296,4294967296]", "[0,4]", data: 4, "has no possible size"),
    Case("\"F32\"", "[9223372036854775807]", "[0,4]", data: 4, "has no possible size"),
    Case("\"F32\"", "[9223372036854775807,2,0]", "[0,0]", data: 0, "has no possible size"),
    Case("\"F32\"", "[4611686018427387905]", "[0,4]", data: 4, "has no possible size"),
    Case("\"F4\"", "[3]", "[0,1]", data: 1, "has no possible size"),
    Case("\"F32\"", "[2]", "[0,4]", data: 4, "give 4 bytes, but [2] of F32 takes 8"),
    Case("\"F32\"", "[1]", "[0,8]", data: 8, "give 8 bytes, but [1] of F32 takes 4"),
    Case("\"F32\"", "[1]", "[0,4]", data: 3, "expected begin and end within 3 bytes"),
    Case("\"F32\"", "[1]", "[4,0]", data: 4, "are [4, 0], expected begin and end"),
    Case("\"F32\"", "[1]", "[-4,0]", data: 4, "data_offsets[0]: is -4"),
    Case("\"F32\"", "[1]", "[0]", data: 4, "are [0], expected begin and end"),
    Case("\"F32\"", "[1]", "[0,2,4]", data: 4, "expected begin and end"),
    Case(
      "\"F32\"", "[1]", "[9223372036854775803,9223372036854775807]", data: 4,
      "expected begin and end"),
    Case("\"F32\"", "[1]", "[4,8]", data: 8, "t: leaves a hole after the tensor before it"),
    Case("\"F32\"", "[1]", "[0,4]", data: 5, "1 bytes at the end belong to no tensor"),
    Case("{}", data: 1, "1 bytes at the end belong to no tensor"),
    Case(
      #"{\#(one),"u":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}"#, data: 6,
      "u: overlaps the tensor before it"),
    Case(
      #"{\#(one),"u":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, data: 4,
      "u: overlaps the tensor before it"),
    Case(
      #"{\#(one),"u":{"dtype":"F32","shape":[1],"data_offsets":[5,9]}}"#, data: 9,
      "u: leaves a hole"),
    quantized("Q8_0 1 32", "U8", "[1,33]", "takes U8 [1, 34]"),
    quantized("Q8_0 1 32", "I8", "[1,34]", "is stored as I8 [1, 34], but Q8_0 1 32 takes U8"),
    quantized("Q8_0 1 32", "U8", "[34]", "is stored as U8 [34]"),
    quantized("Q8_0 1 31", "U8", "[1,34]", "give no possible shape of Q8_0"),
    quantized("Q8_0 34", "U8", "[1,34]", "give no possible shape"),
    quantized("Q8_0", "U8", "[1,34]", "give no possible shape"),
    quantized("Q8_0 -1 -32", "U8", "[1,34]", "give no possible shape"),
    quantized("Q8_0 1  32", "U8", "[1,34]", "give no possible shape"),
    quantized("Q8_0 4294967296 4294967296", "U8", "[1,34]", "give no possible shape"),
    quantized("Q4_K 1 9223372036854775807 3", "U8", "[1,34]", "give no possible shape"),
  ]

  private static func quantized(
    _ note: String, _ type: String, _ shape: String, _ reason: String
  ) -> Case {
    let count = shape == "[1,33]" ? 33 : 34
    return Case(
      #"{"__metadata__":{"t":"\#(note)"},"t":{"dtype":"\#(type)","shape":\#(shape),"#
        + #""data_offsets":[0,\#(count)]}}"#, data: count, reason)
  }

  @Test(arguments: cases)
  func `a file that breaks a rule is refused with the rule`(hostile: Case) {
    do {
      _ = try SafeTensorsFile(bytes: hostile.bytes, name: "bad.safetensors")
      Issue.record("the file was opened")
    } catch {
      #expect(error.description.hasPrefix("bad.safetensors: "), "\(error)")
      #expect(error.description.contains(hostile.reason), "\(error)")
    }
  }

  @Test(arguments: 0..<8) func `less than the size of a header is refused`(count: Int) {
    let bytes = [UInt8](repeating: 0, count: count)
    #expect(throws: CheckpointError.self) { try SafeTensorsFile(bytes: bytes, name: "m") }
  }

  @Test func `every truncation of a legal file is refused`() throws {
    let bytes = SafeTensorsBytes.file("{\(Self.one)}", dataCount: 4)
    _ = try SafeTensorsFile(bytes: bytes, name: "m")
    for count in 0..<bytes.count {
      #expect(throws: CheckpointError.self) {
        try SafeTensorsFile(bytes: Array(bytes[..<count]), name: "m")
      }
    }
  }
}
