/// A region of memory that holds weights and never changes: a part of a mapped file or of the heap.
public final class WeightStorage: Sendable {
  // Immutable after init and kept alive by `owner`, so that sharing between threads is safe.
  nonisolated(unsafe) package let bytes: UnsafeRawBufferPointer
  private let owner: Owner

  private enum Owner: Sendable {
    case heap
    case shared(any AnyObject & Sendable)
  }

  /// Wraps memory that `owner` keeps alive and unchanged.
  package init(bytes: UnsafeRawBufferPointer, owner: any AnyObject & Sendable) {
    self.bytes = bytes
    self.owner = .shared(owner)
  }

  /// Allocates `count` bytes, 64-byte aligned, and lets `fill` write them once.
  package init<Failure: Error>(
    count: Int, fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count, 1), alignment: 64)
    do {
      try fill(UnsafeMutableRawBufferPointer(rebasing: memory[..<count]))
    } catch {
      memory.deallocate()
      throw error
    }
    bytes = UnsafeRawBufferPointer(rebasing: memory[..<count])
    owner = .heap
  }

  deinit {
    if case .heap = owner { bytes.deallocate() }
  }
}

/// The weights of a linear map, `[rows, columns]` = `[out, in]`, in any ``ElementType``.
///
/// A value is a view: copies share the storage.
public struct WeightMatrix: Sendable {
  /// The number of outputs.
  public let rows: Int
  /// The number of inputs.
  public let columns: Int
  /// The number format.
  public let type: ElementType
  package let storage: WeightStorage
  package let byteOffset: Int

  /// Views `rows * columns` weights in a storage, from a byte on.
  ///
  /// - Important: Traps unless the weights lie inside the storage; readers of files check before.
  package init(
    rows: Int, columns: Int, type: ElementType, storage: WeightStorage, byteOffset: Int = 0
  ) {
    guard let count = type.byteCount(rows: rows, columns: columns) else {
      preconditionFailure("\(rows) x \(columns) weights are no whole number of \(type) blocks")
    }
    precondition(byteOffset >= 0 && byteOffset <= storage.bytes.count - count)
    self.rows = rows
    self.columns = columns
    self.type = type
    self.storage = storage
    self.byteOffset = byteOffset
  }

  /// Makes single-precision weights from values, row after row.
  public init(rows: Int, columns: Int, values: [Float]) {
    precondition(values.count == rows * columns)
    let storage = WeightStorage(count: values.count * 4) { memory in
      values.withUnsafeBytes { memory.copyMemory(from: $0) }
    }
    self.init(rows: rows, columns: columns, type: .float32, storage: storage)
  }

  /// The bytes of all rows.
  package var bytes: UnsafeRawBufferPointer {
    let count = type.byteCount(rows: rows, columns: columns) ?? 0
    return UnsafeRawBufferPointer(rebasing: storage.bytes[byteOffset..<byteOffset + count])
  }

  /// The size of the weights in memory.
  public var byteCount: Int { bytes.count }

  /// A view of some of the rows.
  package func rows(_ range: Range<Int>) -> WeightMatrix {
    precondition(range.lowerBound >= 0 && range.upperBound <= rows)
    let rowBytes = type.rowBytes(columns: columns) ?? 0
    return WeightMatrix(
      rows: range.count, columns: columns, type: type, storage: storage,
      byteOffset: byteOffset + range.lowerBound * rowBytes)
  }
}
