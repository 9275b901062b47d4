public import Synchronization

/// A `Mutex` whose order the thread sanitizer sees.
///
/// `Mutex` locks inside a library that is not built for the sanitizer, so every value behind one is
/// reported as a race. An atomic word that each holder reads first (acquiring) and writes last
/// (releasing) tells the sanitizer the order that the mutex makes; accesses outside the lock are
/// still found. It costs two plain memory accesses.
@usableFromInline
package struct Protected<Value>: ~Copyable, Sendable {
  @usableFromInline let mutex: Mutex<Value>
  @usableFromInline let order = Atomic<UInt8>(0)

  @inlinable
  package init(_ value: consuming sending Value) { mutex = Mutex(value) }

  /// Calls `body` with the value while no one else has it.
  @inlinable
  package borrowing func withLock<Result: ~Copyable>(
    _ body: (inout sending Value) -> sending Result
  ) -> sending Result {
    mutex.withLock { value in
      _ = order.load(ordering: .acquiring)
      defer { order.store(0, ordering: .releasing) }
      return body(&value)
    }
  }
}
