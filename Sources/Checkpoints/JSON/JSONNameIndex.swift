/// A hash table from names to positions, by the bytes of the names.
///
/// A `Dictionary` would hold canonically equivalent strings to be one name. The hash is the
/// standard library's, seeded at random in each process, so that no file can be made slow on
/// purpose; results do not depend on it.
struct JSONNameIndex: Sendable {
  /// Objects up to this size are searched from front to back.
  static let smallest = 8

  // Upper half: hash; lower half: position + 1; 0: free.
  private var slots: [UInt64]

  init(capacity: Int) {
    var count = 16
    while count < 2 * capacity { count *= 2 }
    slots = [UInt64](repeating: 0, count: count)
  }

  /// Adds a position; false where its name is there already.
  mutating func insert(_ position: Int, of pairs: [JSONObject.Element]) -> Bool {
    let key = pairs[position].key
    let hash = Self.hash(of: key)
    var slot = Int(hash) & (slots.count - 1)
    while slots[slot] != 0 {
      if Self.matches(slots[slot], hash, key, pairs) { return false }
      slot = (slot + 1) & (slots.count - 1)
    }
    slots[slot] = UInt64(hash) << 32 | UInt64(position + 1)
    return true
  }

  /// The position of a name.
  func position(of key: String, in pairs: [JSONObject.Element]) -> Int? {
    let hash = Self.hash(of: key)
    var slot = Int(hash) & (slots.count - 1)
    while slots[slot] != 0 {
      if Self.matches(slots[slot], hash, key, pairs) {
        return Int(slots[slot] & 0xFFFF_FFFF) - 1
      }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  private static func matches(
    _ slot: UInt64, _ hash: UInt32, _ key: String, _ pairs: [JSONObject.Element]
  ) -> Bool {
    UInt32(slot >> 32) == hash && areEqual(pairs[Int(slot & 0xFFFF_FFFF) - 1].key, key)
  }

  private static func hash(of key: String) -> UInt32 {
    var key = key
    var hasher = Hasher()
    key.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    return UInt32(truncatingIfNeeded: hasher.finalize())
  }

  /// Whether two names have the same bytes.
  static func areEqual(_ a: String, _ b: String) -> Bool {
    a.utf8.count == b.utf8.count && a.utf8.elementsEqual(b.utf8)
  }
}
