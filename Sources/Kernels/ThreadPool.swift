import CKernels

/// Threads that share the work of one caller at a time: fork, join, static split.
///
/// OpenBLAS's own threads are not used: they divide a product by the number of threads, so that
/// its bits change with it, and they run nothing but BLAS.
final class ThreadPool: Sendable {
  // An opaque handle whose functions lock what they share; freed by deinit alone.
  nonisolated(unsafe) private let handle: OpaquePointer
  let threads: Int

  /// Starts `threads - 1` threads; fewer where the system refuses them.
  init(threads: Int) {
    precondition(threads >= 1)
    if let handle = ck_pool_create(threads) {
      (self.handle, self.threads) = (handle, threads)
    } else if let handle = ck_pool_create(1) {
      (self.handle, self.threads) = (handle, 1)
    } else {
      preconditionFailure("out of memory")
    }
  }

  deinit { ck_pool_destroy(handle) }

  /// Calls `body` with contiguous ranges that together are `0..<count`, at most one per thread.
  func ranges(_ count: Int, _ body: (Range<Int>) -> Void) {
    withoutActuallyEscaping(body) { body in
      withUnsafePointer(to: body) { context in
        ck_pool_run(
          handle, count,
          { context, first, end in
            context?.assumingMemoryBound(to: ((Range<Int>) -> Void).self).pointee(first..<end)
          }, UnsafeMutableRawPointer(mutating: context))
      }
    }
  }
}
