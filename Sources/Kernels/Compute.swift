import CKernels

/// Where and how matrix products run: the number of threads and the instruction set.
///
/// A model part is given one at load and uses it for every product. The order of additions
/// is fixed by the shapes alone, so that the results do not depend on the number of threads.
/// One value may be used from several threads: its products wait for each other.
public final class Compute: Sendable {
  /// The number of threads that share a product, the caller's included.
  public let threads: Int
  /// The instruction set of the kernels.
  public let backend: KernelBackend
  private let pool: ThreadPool

  /// From this many rows on, products with single-precision weights may be those of OpenBLAS.
  ///
  /// Measured on a Zen 5 core with OpenBLAS's Haswell kernels, [n, 4096] by 4096 outputs: at 8 rows
  /// 64 GFLOP/s with AVX-512 and 44 with AVX2 against 48 of OpenBLAS, at 16 rows 70 and 42 against
  /// 68, at 64 rows 79 and 40 against 99. With 1024 columns or fewer AVX-512 stays ahead at all
  /// numbers of rows: 155 to 190 against at most 120.
  package static let rowsForOpenBLAS = 16
  private static let widestForAVX512 = 1024

  /// Starts the threads.
  ///
  /// - Parameters:
  ///   - threads: how many share a product, the caller's included; fewer if the system refuses.
  ///   - backend: the instruction set, or nil for ``KernelBackend/best``.
  /// - Important: Traps where the processor cannot run the backend.
  public init(threads: Int = 1, backend: KernelBackend? = nil) {
    let backend = backend ?? .best
    precondition(backend.isSupported, "this processor cannot run \(backend)")
    self.backend = backend
    pool = ThreadPool(threads: threads)
    self.threads = pool.threads
  }

  /// `x` times the transposed weights, plus a bias: `[n, in]` and `[out, in]` give `[n, out]`.
  ///
  /// For quantised weights each row of `x` is rounded to eight bits in groups of 32; CKernels.h
  /// gives the order of additions. A row of the result does not depend on the other rows, except
  /// with single-precision weights from `rowsForOpenBLAS` rows on.
  public func linear(_ x: Matrix, _ weights: WeightMatrix, bias: [Float]? = nil) -> Matrix {
    precondition(x.columns == weights.columns)
    precondition(bias == nil || bias?.count == weights.rows)
    var result = Matrix(rows: x.rows, columns: weights.rows)
    result.values.withUnsafeMutableBufferPointer { y in
      x.values.withUnsafeBufferPointer { x in
        guard let y = y.baseAddress, let x = x.baseAddress else { return }
        if let bias {
          bias.withUnsafeBufferPointer {
            linear(x, rows: result.rows, weights, bias: $0.baseAddress, into: y)
          }
        } else {
          linear(x, rows: result.rows, weights, bias: nil, into: y)
        }
      }
    }
    return result
  }

  /// The same on memory: `rows` rows of x, one after the other, to as many of y.
  package func linear(
    _ x: UnsafePointer<Float>, rows: Int, _ weights: WeightMatrix, bias: UnsafePointer<Float>?,
    into y: UnsafeMutablePointer<Float>
  ) {
    guard rows > 0, weights.rows > 0 else { return }
    guard let native = backend.native, weights.columns > 0 else {
      return ReferenceProducts.linear(x, rows: rows, weights, bias: bias, into: y)
    }
    if weights.type == .float32, weights.isAligned, rows >= Self.rowsForOpenBLAS,
      backend != .avx512 || weights.columns > Self.widestForAVX512
    {
      return linearByOpenBLAS(x, rows: rows, weights, bias: bias, into: y)
    }
    let quantized = weights.type.blockElements > 1
    let bytes = quantized ? ck_activations_bytes(rows, weights.columns) : 0
    let workspace = UnsafeMutableRawPointer.allocate(byteCount: max(bytes, 64), alignment: 64)
    defer { workspace.deallocate() }
    let rowBytes = weights.type.rowBytes(columns: weights.columns) ?? 0
    let (memory, type) = (weights.bytes.baseAddress, weights.type.native)
    withUnsafePointer(to: ck_activations_layout(x, rows, weights.columns, workspace)) { x in
      if quantized {
        ranges(rows, work: rows * weights.columns) {
          ck_activations_fill(native, x, $0.lowerBound, $0.upperBound)
        }
      }
      ranges(weights.rows, work: rows * weights.columns * weights.rows) {
        ck_linear(
          native, type, memory, rowBytes, $0.lowerBound, $0.upperBound, x, bias, y, weights.rows)
      }
    }
  }

  /// Shares ranges where the work, in multiplications, is worth waking a thread.
  func ranges(_ count: Int, work: Int, _ body: (Range<Int>) -> Void) {
    if work < 1 << 16 { body(0..<count) } else { pool.ranges(count, body) }
  }

  /// Runs `body` for each index of `0..<count`, on any of the threads, and waits for all.
  ///
  /// Inside of a body it runs on the calling thread alone.
  /// - Important: `body` runs concurrently with itself: each index must write to its own memory.
  package func parallel(_ count: Int, _ body: (Int) -> Void) {
    pool.ranges(count) { for index in $0 { body(index) } }
  }
}

extension WeightMatrix {
  /// Whether single-precision weights may be read as such where they lie.
  var isAligned: Bool { UInt(bitPattern: bytes.baseAddress) % 4 == 0 }
}
