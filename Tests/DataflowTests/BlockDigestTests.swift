import Dataflow
import Testing

struct BlockDigestTests {
  /// The reference's own self-test: bytes of a generator, lengths around its branches, seed 0.
  @Test(arguments: [
    (0, "ef46db3751d8e999"), (1, "e934a84adb052768"), (4, "9136a0dca57457ee"),
    (14, "8282dcc4994e35c8"), (222, "b641ae8cb691c174"),
  ])
  func `the digest is xxHash64`(length: Int, expected: String) {
    var bytes: [UInt8] = []
    var generator: UInt64 = 2_654_435_761
    for _ in 0..<length {
      bytes.append(UInt8(generator >> 56))
      generator &*= 11_400_714_785_074_694_797
    }
    #expect(BlockDigest(of: bytes).description == expected)
  }

  @Test(arguments: [
    ("a", "d24ec4f1a98c6e5b"), ("abc", "44bc2cf5ad770999"),
    ("Nobody inspects the spammish repetition", "fbcea83c8a378bf1"),
  ])
  func `known texts have their known digests`(text: String, expected: String) {
    #expect(BlockDigest(of: Array(text.utf8)).description == expected)
  }

  @Test(arguments: UInt64(0)..<50)
  func `only the bytes count and not the pieces`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let bytes = (0..<Int.random(in: 0...300, using: &random)).map { _ in
      UInt8.random(in: 0...255, using: &random)
    }
    var builder = BlockDigest.Builder()
    var position = 0
    while position < bytes.count {
      let end = min(bytes.count, position + Int.random(in: 0...70, using: &random))
      builder.add(Array(bytes[position..<end]))
      position = end
    }
    #expect(builder.finished() == BlockDigest(of: bytes))
  }

  @Test func `order and every bit count`() {
    let floats = (0..<1_280).map { Float($0) / 1_280 }
    let digest = BlockDigest(of: floats)
    var swapped = floats
    swapped.swapAt(3, 4)
    var flipped = floats
    flipped[1_000] = Float(bitPattern: floats[1_000].bitPattern ^ 1)
    #expect(BlockDigest(of: swapped) != digest)
    #expect(BlockDigest(of: flipped) != digest)
    #expect(BlockDigest(of: [Float(0)]) != BlockDigest(of: [-Float(0)]))
    #expect(BlockDigest(of: Array(floats.dropLast())) != digest)
  }

  @Test func `a number is its eight bytes with the low one first`() {
    var builder = BlockDigest.Builder()
    builder.add(UInt64(0x0807_0605_0403_0201))
    #expect(builder.finished() == BlockDigest(of: [UInt8](1...8)))
  }
}
