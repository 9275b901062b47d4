public import Kernels

/// A model's tensors with LoRA adapters merged into them: W + s B A.
///
/// The sum is made in single precision when a weight is asked for. It keeps the number format of
/// the base, rounded once; where the base is quantised it becomes Q8_0, whose error is small
/// against the update. All other tensors are the base model's.
public struct LoRAMergedSource: TensorSource {
  private let base: any TensorSource
  private let prefix: String
  private let adapters: [LoRAAdapter]

  /// Lays adapters over a model, in order.
  ///
  /// - Parameters:
  ///   - base: the model.
  ///   - adapters: the adapters; updates of the same weight add up.
  ///   - prefix: what the base model's names have before the names that the adapters know.
  /// - Throws: ``CheckpointError`` where an adapter has a tensor for which the base has none, or
  ///   none of its shape.
  public init(
    base: any TensorSource, adapters: [LoRAAdapter], prefix: String = ""
  ) throws(CheckpointError) {
    self.base = base
    self.adapters = adapters
    self.prefix = prefix
    for adapter in adapters { try check(adapter) }
  }

  private func check(_ adapter: LoRAAdapter) throws(CheckpointError) {
    let file = adapter.tensors.name
    let targets = Set(adapter.updates.keys).union(adapter.replacements.keys).sorted()
    let strangers = targets.filter { base.info(prefix + $0) == nil }
    guard strangers.isEmpty else {
      let more = strangers.count > 4 ? " and \(strangers.count - 4) more" : ""
      throw CheckpointError(
        .mismatch, file: file,
        reason: "the model has no \(strangers.prefix(4).map(\.excerpt).joined(separator: ", "))"
          + more)
    }
    for target in targets {
      guard let expected = base.info(prefix + target)?.shape else { continue }
      if let update = adapter.updates[target], [update.rows, update.columns] != expected {
        throw .wrongShape(
          target.excerpt, found: [update.rows, update.columns], expected: expected, in: file)
      }
      if let name = adapter.replacements[target] {
        guard let found = adapter.tensors.info(name)?.shape, found == expected else {
          throw .wrongShape(
            name.excerpt, found: adapter.tensors.stored(name)?.shape ?? [], expected: expected,
            in: file)
        }
      }
    }
  }

  /// All names of the base, sorted.
  public var names: [String] { base.names }

  /// The tensor before any update: of the last adapter that replaces it, or of the base.
  private func origin(_ name: String) -> (source: any TensorSource, name: String) {
    guard let key = key(name),
      let adapter = adapters.last(where: { $0.replacements[key] != nil }),
      let replacement = adapter.replacements[key]
    else { return (base, name) }
    return (adapter.tensors, replacement)
  }

  private func key(_ name: String) -> String? {
    name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : nil
  }

  private func updates(of name: String) -> [LoRAAdapter.Update] {
    key(name).map { key in adapters.compactMap { $0.updates[key] } } ?? []
  }

  /// What is known of a tensor after the merge; nil where there is none of this name.
  public func info(_ name: String) -> TensorInfo? {
    let origin = origin(name)
    guard let info = origin.source.info(origin.name) else { return nil }
    guard !updates(of: name).isEmpty, info.type.blockElements > 1 else { return info }
    return TensorInfo(type: .q8_0, shape: info.shape)
  }

  /// The weights of a tensor after the merge.
  public func matrix(
    _ name: String, rows: Int, columns: Int
  ) throws(CheckpointError) -> WeightMatrix {
    let (source, originName) = origin(name)
    let updates = updates(of: name)
    guard let first = updates.first, let info = info(name) else {
      return try source.matrix(originName, rows: rows, columns: columns)
    }
    try info.checkView(name, rows: rows, columns: columns, file: adapters[0].tensors.name)
    let weights = try source.matrix(originName, rows: first.rows, columns: first.columns)
    let merged = Self.merge(weights, updates, type: info.type)
    return WeightMatrix(rows: rows, columns: columns, type: info.type, storage: merged)
  }

  private static func merge(
    _ weights: WeightMatrix, _ updates: [LoRAAdapter.Update], type: ElementType
  ) -> WeightStorage {
    let rowBytes = type.rowBytes(columns: weights.columns) ?? 0
    return WeightStorage(count: rowBytes * weights.rows) { memory in
      for row in 0..<weights.rows {
        var values = Dequantization.values(of: weights.rows(row..<row + 1))
        for update in updates { update.add(to: &values, row: row) }
        WeightEncoding.encode(
          values, as: type,
          into: UnsafeMutableRawBufferPointer(
            rebasing: memory[row * rowBytes..<(row + 1) * rowBytes]))
      }
    }
  }
}

extension LoRAAdapter.Update {
  /// Adds a row of the update to a row of weights.
  func add(to values: inout [Float], row: Int) {
    var sum = [Float](repeating: 0, count: columns)
    let columns = columns
    sum.withUnsafeMutableBufferPointer { sum in
      right.withUnsafeBufferPointer { right in
        for k in 0..<rank {
          let factor = left[row * rank + k]
          for column in 0..<columns { sum[column] += factor * right[k * columns + column] }
        }
      }
    }
    for column in 0..<columns { values[column] += scale * sum[column] }
  }
}
