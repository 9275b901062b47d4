/// Why a step was refused: its positions do not fit into the context any more.
public struct ContextFull: Error, Sendable, Equatable, CustomStringConvertible {
  /// The number of positions that fit.
  public let capacity: Int
  /// The number of positions that were there.
  public let position: Int
  /// The number of positions that were to be added.
  public let asked: Int

  /// Describes a refusal.
  public init(capacity: Int, position: Int, asked: Int) {
    self.capacity = capacity
    self.position = position
    self.asked = asked
  }

  /// One line that says all three.
  public var description: String {
    "\(asked) more positions do not fit: \(position) of \(capacity) are taken"
  }
}

/// The keys and values that attention remembers of the positions so far, in all layers.
///
/// It is a value: a copy is a snapshot, and shares memory until one of the two is written to.
/// Memory grows by doubling up to the capacity, so that short streams stay small.
public struct KeyValueCache: Sendable {
  /// The number of positions that fit.
  public let capacity: Int
  /// The number of positions that are there: the index of the next one.
  public private(set) var position = 0
  /// The number of keys, and of values, of a position in one layer.
  public let width: Int

  /// Per layer `[position][head][headSize]`, as long as the positions that were written.
  private var keys: [[Float]]
  private var values: [[Float]]

  private static let firstReservation = 256

  /// Makes an empty cache; memory for `reserved` positions is taken at once.
  public init(layers: Int, width: Int, capacity: Int, reserved: Int = 0) {
    precondition(layers > 0 && width > 0 && capacity > 0)
    self.capacity = capacity
    self.width = width
    keys = Array(repeating: [], count: layers)
    values = Array(repeating: [], count: layers)
    if reserved > 0 {
      for layer in 0..<layers { reserve(min(reserved, capacity), in: layer) }
    }
  }

  /// The number of positions that still fit.
  public var room: Int { capacity - position }

  /// What one position takes in memory, over all layers.
  public var bytesPerPosition: Int { 2 * keys.count * width * MemoryLayout<Float>.size }

  /// Checks that `count` more positions fit.
  public func check(room count: Int) throws(ContextFull) {
    guard count <= room else {
      throw ContextFull(capacity: capacity, position: position, asked: count)
    }
  }

  /// Adds the keys and values of some positions to one layer.
  ///
  /// - Important: Traps where they do not fit; ``check(room:)`` says so before.
  package mutating func append(keys newKeys: [Float], values newValues: [Float], to layer: Int) {
    let count = newKeys.count / width
    precondition(newKeys.count == count * width && newValues.count == newKeys.count)
    precondition(keys[layer].count == position * width && count <= room)
    if keys[layer].capacity < (position + count) * width {
      let target = max(position + count, 2 * position, Self.firstReservation)
      reserve(min(target, capacity), in: layer)
    }
    keys[layer].append(contentsOf: newKeys)
    values[layer].append(contentsOf: newValues)
  }

  /// Makes the positions that every layer has been given count.
  package mutating func advance(by count: Int) {
    position += count
    precondition(keys.allSatisfy { $0.count == position * width })
  }

  /// Goes back to an earlier position: what came after is forgotten.
  public mutating func truncate(to position: Int) {
    precondition(position >= 0 && position <= self.position)
    self.position = position
    for layer in keys.indices {
      keys[layer].removeLast(keys[layer].count - position * width)
      values[layer].removeLast(values[layer].count - position * width)
    }
  }

  /// Gives the keys and the values of a layer to `body`, the ones just appended included.
  package func withLayer<Result>(
    _ layer: Int,
    _ body: (_ keys: UnsafeBufferPointer<Float>, _ values: UnsafeBufferPointer<Float>) -> Result
  ) -> Result {
    keys[layer].withUnsafeBufferPointer { keys in
      values[layer].withUnsafeBufferPointer { values in body(keys, values) }
    }
  }

  private mutating func reserve(_ positions: Int, in layer: Int) {
    keys[layer].reserveCapacity(positions * width)
    values[layer].reserveCapacity(positions * width)
  }
}
