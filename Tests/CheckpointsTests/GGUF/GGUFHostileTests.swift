import Checkpoints
import Testing

struct GGUFHostileTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let bytes: [UInt8]
    let reason: String
    var testDescription: String { reason }

    init(_ reason: String, alignment: Int = 32, _ build: (inout GGUFBytes) -> Void) {
      var file = GGUFBytes()
      build(&file)
      bytes = file.bytes(alignment: alignment)
      self.reason = reason
    }
  }

  private static func array(_ type: UInt32, _ count: UInt64) -> [UInt8] {
    GGUFBytes.integer(type) + GGUFBytes.integer(count)
  }

  static let cases: [Case] = [
    Case("does not begin with GGUF") { $0.magic = "GGML" },
    Case("is of version 1, only 2 and 3 can be read") { $0.version = 1 },
    Case("is of version 4") { $0.version = 4 },
    Case("is big-endian") { $0.version = 3 << 24 },
    Case("the number of tensors 18446744073709551615 is more than") {
      $0.statedTensorCount = .max
    },
    Case("the number of tensors 2305843009213693952 is more than") {
      $0.statedTensorCount = 1 << 61
    },
    Case("the number of keys 9223372036854775808 is more than") { $0.statedKeyCount = 1 << 63 },
    Case("a string is not UTF-8") {
      $0.key("a", type: 8, GGUFBytes.integer(UInt64(2)) + [0xC3, 0x28])
    },
    Case("the length of a string 1152921504606846976 is more than the rest") {
      $0.key("a", type: 8, GGUFBytes.integer(UInt64(1) << 60))
    },
    Case("the length of a key 18446744073709551615 is more than the rest") {
      $0.key(GGUFBytes.integer(UInt64.max), type: 0, [0])
    },
    Case("a key has no name") { $0.key("", type: 0, [0]) },
    Case("a: two keys have this name") {
      $0.key("a", type: 0, [0])
      $0.key("a", type: 1, [1])
    },
    Case("the unknown type 13") { $0.key("a", type: 13, [0, 0, 0, 0]) },
    Case("a truth value is 2") { $0.key("a", type: 7, [2]) },
    Case("an array's length 2305843009213693952 is more than the rest") {
      $0.key("a", type: 9, array(4, 1 << 61))
    },
    Case("an array's length 18446744073709551615 is more") { $0.key("a", type: 9, array(0, .max)) },
    Case("an array's length 9223372036854775808 is more") {
      $0.key("a", type: 9, array(8, 1 << 63))
    },
    Case("the length of a string in an array 99 is more") {
      $0.key("a", type: 9, array(8, 1) + GGUFBytes.integer(UInt64(99)))
    },
    Case("the unknown type 99") { $0.key("a", type: 9, array(99, 1) + [0]) },
    Case("arrays are nested deeper than 8") {
      $0.key("a", type: 9, (0..<1000).flatMap { _ in array(9, 1) } + array(0, 0))
    },
    Case("a tensor has no name") { $0.tensor("", dimensions: [1]) },
    Case("the name has 65 bytes, more than the 64 allowed") {
      $0.tensor(String(repeating: "n", count: 65), dimensions: [1])
    },
    Case("t: has 5 dimensions, more than the 4 allowed") {
      $0.tensor("t", dimensions: [1, 1, 1, 1, 1])
    },
    Case("t: has 4294967295 dimensions") {
      $0.tensor("t", dimensions: [1], statedDimensions: .max)
    },
    Case("t: has a size of 9223372036854775808") { $0.tensor("t", dimensions: [1 << 63]) },
    Case("t: the shape [4294967296, 4294967296] has no possible size") {
      $0.tensor("t", dimensions: [1 << 32, 1 << 32])
    },
    Case("t: the shape [4611686018427387904] is not possible in F32") {
      $0.tensor("t", dimensions: [1 << 62])
    },
    Case("t: the shape [2, 33] is not possible in Q8_0") {
      $0.tensor("t", dimensions: [33, 2], type: 8)
    },
    Case("t: the offset 4 is no multiple of 32") { $0.tensor("t", dimensions: [1], offset: 4) },
    Case("t: begins at 64, but there are 32 bytes of data") {
      $0.tensor("t", dimensions: [1], offset: 64)
      $0.data = [UInt8](repeating: 0, count: 32)
    },
    Case("t: begins at 18446744073709551584, but there are 32") {
      $0.tensor("t", dimensions: [1], offset: .max - 31)
      $0.data = [UInt8](repeating: 0, count: 32)
    },
    Case("t: takes 36 bytes, but 32 are left") {
      $0.tensor("t", dimensions: [9])
      $0.data = [UInt8](repeating: 0, count: 32)
    },
    Case("u: overlaps t") {
      $0.tensor("t", dimensions: [9])
      $0.tensor("u", dimensions: [1], offset: 32)
      $0.data = [UInt8](repeating: 0, count: 64)
    },
    Case("t: two tensors have this name") {
      $0.tensor("t", dimensions: [1])
      $0.tensor("t", dimensions: [1], offset: 32)
      $0.data = [UInt8](repeating: 0, count: 64)
    },
    Case("general.alignment: is no power of two") {
      $0.key("general.alignment", type: 4, GGUFBytes.integer(UInt32(24)))
    },
    Case("general.alignment: is no power of two") {
      $0.key("general.alignment", type: 4, GGUFBytes.integer(UInt32(0)))
    },
    Case("general.alignment: is no power of two up to") {
      $0.key("general.alignment", type: 10, GGUFBytes.integer(UInt64(1) << 62))
    },
    Case("general.alignment: is no power of two") {
      $0.key("general.alignment", type: 8, GGUFBytes.string("32"))
    },
  ]

  @Test(arguments: cases)
  func `a file that breaks a rule is refused with the rule`(hostile: Case) {
    do {
      _ = try GGUFFile(bytes: hostile.bytes, name: "bad.gguf")
      Issue.record("the file was opened")
    } catch {
      #expect(error.description.hasPrefix("bad.gguf: "), "\(error)")
      #expect(error.description.contains(hostile.reason), "\(error)")
    }
  }

  @Test func `every truncation of a legal file is refused`() throws {
    var file = GGUFBytes()
    file.key("a", type: 9, Self.array(8, 2) + GGUFBytes.string("xy") + GGUFBytes.string("z"))
    file.tensor("t", dimensions: [9])
    file.data = [UInt8](repeating: 0, count: 36)
    let bytes = file.bytes()
    _ = try GGUFFile(bytes: bytes, name: "g")
    for count in 0..<bytes.count {
      #expect(throws: CheckpointError.self) {
        try GGUFFile(bytes: Array(bytes[..<count]), name: "g")
      }
    }
  }
}
