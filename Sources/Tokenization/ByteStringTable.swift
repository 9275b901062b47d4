/// Byte strings side by side in one array, found by id and, where indexed, by their bytes.
///
/// The hash is the standard library's, seeded at random in each process, so that no file can be
/// made slow on purpose; results do not depend on it.
struct ByteStringTable: Sendable {
  private var bytes: [UInt8] = []
  // Byte range of each id; the start is -1 where an id is not used.
  private var starts: [Int]
  private var counts: [Int32]
  private var slots: [Int32]

  /// Prepares for ids below `capacity`.
  init(capacity: Int) {
    starts = [Int](repeating: -1, count: capacity)
    counts = [Int32](repeating: 0, count: capacity)
    var size = 16
    while size < 2 * capacity { size *= 2 }
    slots = [Int32](repeating: -1, count: size)
  }

  /// Stores the string of an id without making it findable by its bytes.
  mutating func store(_ string: some Collection<UInt8>, id: Int) {
    starts[id] = bytes.count
    counts[id] = Int32(string.count)
    bytes.append(contentsOf: string)
  }

  /// Makes the string of an id findable; false where another id has the same string.
  mutating func index(_ id: Int) -> Bool {
    let size = slots.count
    let slot: Int? = withString(id) { string in
      var slot = Self.hash(string) & (size - 1)
      while slots[slot] >= 0 {
        if matches(slots[slot], string) { return nil }
        slot = (slot + 1) & (size - 1)
      }
      return slot
    }
    guard let slot else { return false }
    slots[slot] = Int32(id)
    return true
  }

  /// Whether an id has a string.
  func contains(_ id: Int) -> Bool { starts.indices.contains(id) && starts[id] >= 0 }

  /// The string of an id.
  func string(_ id: Int) -> ArraySlice<UInt8>? {
    contains(id) ? bytes[starts[id]..<starts[id] + Int(counts[id])] : nil
  }

  /// The id of a string; nil where there is none.
  func id(of string: UnsafeBufferPointer<UInt8>) -> Int32? {
    var slot = Self.hash(string) & (slots.count - 1)
    while slots[slot] >= 0 {
      if matches(slots[slot], string) { return slots[slot] }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  private func withString<T>(_ id: Int, _ body: (UnsafeBufferPointer<UInt8>) -> T) -> T {
    bytes.withUnsafeBufferPointer { all in
      body(UnsafeBufferPointer(rebasing: all[starts[id]..<starts[id] + Int(counts[id])]))
    }
  }

  private func matches(_ id: Int32, _ string: UnsafeBufferPointer<UInt8>) -> Bool {
    guard Int(counts[Int(id)]) == string.count else { return false }
    return withString(Int(id)) { $0.elementsEqual(string) }
  }

  private static func hash(_ string: UnsafeBufferPointer<UInt8>) -> Int {
    var hasher = Hasher()
    hasher.combine(bytes: UnsafeRawBufferPointer(string))
    return hasher.finalize()
  }
}
