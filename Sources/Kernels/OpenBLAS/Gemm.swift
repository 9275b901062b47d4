import COpenBLAS

/// A matrix in memory, or a part of one: rows at a distance of ``stride`` elements.
package struct MatrixView {
  package let start: UnsafePointer<Float>
  package let stride: Int
  package let transposed: Bool

  /// Views memory; `transposed` says that the product takes the transposed matrix.
  package init(_ start: UnsafePointer<Float>, stride: Int, transposed: Bool = false) {
    self.start = start
    self.stride = stride
    self.transposed = transposed
  }

  /// The view whose element (0, 0), after transposing, is this one's (row, column).
  func moved(row: Int, column: Int) -> MatrixView {
    let offset = transposed ? column * stride + row : row * stride + column
    return MatrixView(start + offset, stride: stride, transposed: transposed)
  }
}

extension Compute {
  /// The product of two matrices: `[n, k]` and `[k, m]` give `[n, m]`.
  package func multiply(_ a: Matrix, _ b: Matrix) -> Matrix {
    precondition(a.columns == b.rows)
    var result = Matrix(rows: a.rows, columns: b.columns)
    a.values.withUnsafeBufferPointer { left in
      b.values.withUnsafeBufferPointer { right in
        result.values.withUnsafeMutableBufferPointer { out in
          guard let left = left.baseAddress, let right = right.baseAddress,
            let out = out.baseAddress
          else { return }
          gemm(
            rows: a.rows, columns: b.columns, inner: a.columns,
            MatrixView(left, stride: a.columns), MatrixView(right, stride: b.columns),
            into: out, stride: b.columns)
        }
      }
    }
    return result
  }

  /// c = alpha a b + beta c, shared by the threads in tiles of a fixed size.
  ///
  /// `a` is rows x inner, `b` inner x columns, `c` rows x columns with rows `stride` elements
  /// apart. `c` is not read where beta is 0.
  /// - Note: The bits depend on the shapes and the backend alone, not on the threads.
  package func gemm(
    rows: Int, columns: Int, inner: Int, _ a: MatrixView, _ b: MatrixView,
    alpha: Float = 1, beta: Float = 0, into c: UnsafeMutablePointer<Float>, stride: Int
  ) {
    guard rows > 0, columns > 0 else { return }
    let (tileRows, tileColumns) = (256, 128)
    let down = (rows + tileRows - 1) / tileRows
    let across = (columns + tileColumns - 1) / tileColumns
    ranges(down * across, work: rows * columns * inner) {
      for tile in $0 {
        let (row, column) = (tile / across * tileRows, tile % across * tileColumns)
        Self.gemmOnOneThread(
          rows: min(tileRows, rows - row), columns: min(tileColumns, columns - column),
          inner: inner, a.moved(row: row, column: 0), b.moved(row: 0, column: column),
          alpha: alpha, beta: beta, into: c + row * stride + column, stride: stride,
          plain: backend == .reference)
      }
    }
  }

  /// The same on the calling thread, as one call of OpenBLAS: for the inside of ``parallel(_:_:)``.
  package static func gemmOnOneThread(
    rows: Int, columns: Int, inner: Int, _ a: MatrixView, _ b: MatrixView,
    alpha: Float = 1, beta: Float = 0, into c: UnsafeMutablePointer<Float>, stride: Int,
    plain: Bool = false
  ) {
    guard rows > 0, columns > 0 else { return }
    if plain || inner == 0 {
      return ReferenceProducts.gemm(
        rows: rows, columns: columns, inner: inner, a, b, alpha: alpha, beta: beta, into: c,
        stride: stride)
    }
    OpenBLASRuntime.pin()
    cblas_sgemm(
      CblasRowMajor, a.transposed ? CblasTrans : CblasNoTrans,
      b.transposed ? CblasTrans : CblasNoTrans, blasint(rows), blasint(columns), blasint(inner),
      alpha, a.start, blasint(a.stride), b.start, blasint(b.stride), beta, c, blasint(stride))
  }

  /// ``linear(_:_:bias:)`` for many rows and single-precision weights.
  func linearByOpenBLAS(
    _ x: UnsafePointer<Float>, rows: Int, _ weights: WeightMatrix, bias: UnsafePointer<Float>?,
    into y: UnsafeMutablePointer<Float>
  ) {
    guard let memory = weights.bytes.baseAddress else { return }
    let outputs = weights.rows
    gemm(
      rows: rows, columns: outputs, inner: weights.columns,
      MatrixView(x, stride: weights.columns),
      MatrixView(
        memory.assumingMemoryBound(to: Float.self), stride: weights.columns, transposed: true),
      into: y, stride: outputs)
    guard let bias else { return }
    for row in 0..<rows {
      for output in 0..<outputs { y[row * outputs + output] += bias[output] }
    }
  }
}

extension ReferenceProducts {
  /// c = alpha a b + beta c, in the order of plain weights.
  static func gemm(
    rows: Int, columns: Int, inner: Int, _ a: MatrixView, _ b: MatrixView,
    alpha: Float, beta: Float, into c: UnsafeMutablePointer<Float>, stride: Int
  ) {
    for row in 0..<rows {
      let left = (0..<inner).map { a.moved(row: row, column: $0).start.pointee }
      for column in 0..<columns {
        let right = (0..<inner).map { b.moved(row: $0, column: column).start.pointee }
        let product = alpha * left.withUnsafeBufferPointer { dot($0, right) }
        let old = c[row * stride + column]
        c[row * stride + column] = beta == 0 ? product : product + beta * old
      }
    }
  }
}
