/// First in, first out, in memory that is taken once.
package struct EdgeRing<Element> {
  private var slots: [Element?]
  private var head = 0
  package private(set) var count = 0

  init(capacity: Int) {
    slots = Array(repeating: nil, count: capacity)
  }

  package var capacity: Int { slots.count }
  package var isFull: Bool { count == slots.count }

  mutating func append(_ item: Element) {
    precondition(!isFull, "A full edge takes no item")
    slots[(head + count) % slots.count] = item
    count += 1
  }

  mutating func popFirst() -> Element? {
    guard count > 0 else { return nil }
    let item = slots[head].take()
    head = (head + 1) % slots.count
    count -= 1
    return item
  }

  mutating func removeAll() {
    while popFirst() != nil {}
  }
}
