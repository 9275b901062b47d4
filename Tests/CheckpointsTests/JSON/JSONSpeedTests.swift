import Checkpoints
import Testing

struct JSONSpeedTests {
  @Test func `a tokenizer of full size is read in a fraction of a second`() throws {
    // The shape of a Llama 3 tokenizer: 128,000 names, 280,147 merges, about 9 MB.
    var text = "{\n  \"model\": {\n    \"type\": \"BPE\",\n    \"vocab\": {\n"
    for i in 0..<128_000 {
      text += "      \"Ġ\(String(i, radix: 36))tok\": \(i)\(i == 127_999 ? "" : ",")\n"
    }
    text += "    },\n    \"merges\": [\n"
    for i in 0..<280_147 {
      text += "      \"Ġ\(String(i, radix: 36)) \(i % 1000)\"\(i == 280_146 ? "" : ",")\n"
    }
    let bytes = Array((text + "    ]\n  }\n}\n").utf8)
    var value: JSONValue?
    let time = try ContinuousClock().measure {
      value = try JSONValue(parsing: bytes, file: "tokenizer.json")
    }
    let model = try #require(value?.objectValue).object("model")
    #expect(try model.object("vocab").integer("Ġ2qrjtok") == 127_999)
    #expect(try model.strings("merges").count == 280_147)
    // About ten times what it takes: a quadratic search would take minutes.
    #expect(time < .seconds(3))
  }
}
