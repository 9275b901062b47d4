import Foundation

/// Logits as a heap that gives up its ids one by one, the most probable first.
///
/// Ties go to the lowest id. NaN counts as minus infinity, and an id at minus infinity is none at
/// all. Taking k of n ids costs n + k log n, so a cut to a few ids never sorts a vocabulary.
struct RankedLogits {
  /// The logits, minus infinity where an id is forbidden or its logit is NaN.
  let logits: [Float]
  private let temperature: Double
  private let largest: Float
  private var heap: [Int32] = []

  /// Prepares a choice; `temperature` is over 0.
  init(_ logits: [Float], temperature: Float = 1, forbidding forbidden: [Int]) {
    var usable = logits
    for index in usable.indices where usable[index].isNaN { usable[index] = -.infinity }
    for id in forbidden { usable[id] = -.infinity }
    self.logits = usable
    self.temperature = Double(temperature)
    largest = usable.max() ?? -.infinity
  }

  /// Whether there is no id to choose.
  var isEmpty: Bool { largest == -.infinity }

  /// The id with the largest logit.
  var first: Int? { isEmpty ? nil : logits.firstIndex(of: largest) }

  /// The probability of an id relative to that of the most probable one: in [0, 1].
  func weight(_ id: Int) -> Double {
    let logit = logits[id]
    // Infinity less infinity is no number: equal logits are caught before.
    return logit == largest ? 1 : exp((Double(logit) - Double(largest)) / temperature)
  }

  /// The weights of all ids.
  func weights() -> [Double] {
    isEmpty ? logits.map { _ in 0 } : logits.indices.map(weight)
  }

  /// Builds the heap; to be called once before ``pop()``.
  mutating func rank() {
    heap = logits.indices.filter { logits[$0] > -.infinity }.map(Int32.init)
    for index in stride(from: heap.count / 2 - 1, through: 0, by: -1) { siftDown(index) }
  }

  /// Takes out the most probable id that is left.
  mutating func pop() -> Int? {
    guard let top = heap.first else { return nil }
    let last = heap.removeLast()
    if !heap.isEmpty {
      heap[0] = last
      siftDown(0)
    }
    return Int(top)
  }

  private func precedes(_ a: Int32, _ b: Int32) -> Bool {
    let (x, y) = (logits[Int(a)], logits[Int(b)])
    return x > y || (x == y && a < b)
  }

  private mutating func siftDown(_ start: Int) {
    var parent = start
    while true {
      var child = 2 * parent + 1
      guard child < heap.count else { return }
      if child + 1 < heap.count, precedes(heap[child + 1], heap[child]) { child += 1 }
      guard precedes(heap[child], heap[parent]) else { return }
      heap.swapAt(parent, child)
      parent = child
    }
  }
}
