/// First in, first out, in memory that is taken once.
@usableFromInline
package struct EdgeRing<Element> {
  @usableFromInline var slots: [Element?]
  @usableFromInline var head = 0
  @usableFromInline package internal(set) var count = 0

  @inlinable
  init(capacity: Int) {
    slots = Array(repeating: nil, count: capacity)
  }

  @inlinable package var capacity: Int { slots.count }
  @inlinable package var isFull: Bool { count == slots.count }

  @inlinable
  mutating func append(_ item: Element) {
    precondition(!isFull, "A full edge takes no item")
    slots[(head + count) % slots.count] = item
    count += 1
  }

  @inlinable
  mutating func popFirst() -> Element? {
    guard count > 0 else { return nil }
    let item = slots[head].take()
    head = (head + 1) % slots.count
    count -= 1
    return item
  }

  @inlinable
  mutating func removeAll() {
    while popFirst() != nil {}
  }
}
