import Checkpoints
import Testing

struct ModulePatternTests {
  @Test(arguments: [
    ("q_proj", "model.layers.0.self_attn.q_proj", true), ("q_proj", "q_proj", true),
    ("proj", "model.q_proj", false), ("q_proj", "q_proj.x", false), ("q_pro", "q_proj", false),
    ("layers.0.q", "model.layers.0.q", true), ("layers.0.q", "model.layers.10.q", false),
    ("^layers.0.q", "model.layers.0.q", false), ("^layers.0.q", "layers.0.q", true),
    ("^model\\.layers\\.(\\d+)\\.q$", "model.layers.12.q", true),
    ("^model\\.layers\\.(\\d+)\\.q", "model.layers..q", false),
    ("layers\\.\\d*q", "layers.q", true), (".*", "anything.at.all", true), ("a?b+c*", "b", true),
    ("a?b+c*", "abbbccc", true), ("a?b+c*", "ac", false), ("\\w+_proj", "x.q_proj", true),
    ("a.b", "axb", true), ("a\\.b", "axb", false),
  ])
  func `a pattern matches a path from after a dot on`(
    pattern: String, path: String, matches: Bool
  ) throws {
    #expect(try #require(ModulePattern(pattern)).matches(path) == matches)
  }

  @Test(arguments: [
    "a|b", "[ab]", "(a)+", "a{2}", "*", "a**", "(a", "a)", "\\", "\\b", "a^", "a$b",
  ])
  func `what is not understood is said so`(pattern: String) {
    #expect(ModulePattern(pattern) == nil)
  }

  @Test func `a pattern made to be slow is not slow`() throws {
    let pattern = try #require(ModulePattern(String(repeating: ".*a?", count: 200) + "b"))
    #expect(!pattern.matches(String(repeating: "a", count: 2000)))
  }
}
