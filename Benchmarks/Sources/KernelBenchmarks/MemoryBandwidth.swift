import Foundation

/// Plain reading of memory: what no product of weights can beat.
enum MemoryBandwidth {
  /// Gigabytes per second of summing one gibibyte, the best of five runs.
  static func measure(threads: Int) -> Double {
    let count = 1 << 30
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 64)
    defer { memory.deallocate() }
    memory.initializeMemory(as: UInt8.self, repeating: 1)
    let words = UnsafeBufferPointer(memory.bindMemory(to: SIMD8<UInt64>.self))
    var best = Double.infinity
    for _ in 0..<5 {
      best = min(best, KernelBenchmarks.seconds { sum(words, threads: threads) })
    }
    return Double(count) / 1e9 / best
  }

  private static func sum(_ words: UnsafeBufferPointer<SIMD8<UInt64>>, threads: Int) {
    nonisolated(unsafe) let words = words
    DispatchQueue.concurrentPerform(iterations: threads) { thread in
      let range = words.count * thread / threads..<words.count * (thread + 1) / threads
      var (a, b, c, d) = (
        SIMD8<UInt64>.zero, SIMD8<UInt64>.zero, SIMD8<UInt64>.zero, SIMD8<UInt64>.zero
      )
      for i in stride(from: range.lowerBound, to: range.upperBound, by: 4) {
        a &+= words[i]
        b &+= words[i + 1]
        c &+= words[i + 2]
        d &+= words[i + 3]
      }
      blackHole((a &+ b &+ c &+ d).wrappedSum())
    }
  }

  /// Keeps a result alive.
  @inline(never) private static func blackHole(_ value: UInt64) {
    if value == 42 { print(value) }
  }
}
