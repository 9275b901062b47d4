import Kernels

extension TensorInfo {
  /// Checks that the tensor can be seen as `rows` x `columns`: the first dimensions joined are the
  /// rows, the rest the columns, and a row is a whole number of blocks.
  func checkView(
    _ name: String, rows: Int, columns: Int, file: String
  ) throws(CheckpointError) {
    var first = 1
    var isSplit = first == rows
    for size in shape {
      first *= size
      isSplit = isSplit || first == rows
    }
    let (product, overflow) = rows.multipliedReportingOverflow(by: columns)
    guard isSplit, rows >= 0, !overflow, product == first else {
      throw .wrongShape(name, found: shape, expected: [rows, columns], in: file)
    }
    guard type.rowBytes(columns: columns) != nil else {
      throw CheckpointError(
        .mismatch, file: file, subject: name.excerpt,
        reason: "\(type.rawValue) rows of \(columns) are no whole number of blocks")
    }
  }
}

/// The product of sizes, or nil where one is negative or the product overflows.
func checkedProduct(_ sizes: some Sequence<Int>) -> Int? {
  var product = 1
  var hasZero = false
  for size in sizes {
    guard size >= 0 else { return nil }
    if size == 0 { hasZero = true }
    let (next, overflow) = product.multipliedReportingOverflow(by: max(size, 1))
    guard !overflow else { return nil }
    product = next
  }
  return hasZero ? 0 : product
}
