import Foundation
import Kernels
import Synchronization
import Testing

@Suite struct ThreadPoolTests {
  @Test(arguments: [1, 2, 3, 8], [0, 1, 2, 7, 100])
  func `every index is done once`(threads: Int, count: Int) {
    let done = Mutex([Int](repeating: 0, count: count))
    Compute(threads: threads).parallel(count) { index in done.withLock { $0[index] += 1 } }
    #expect(done.withLock { $0 } == [Int](repeating: 1, count: count))
  }

  @Test func `a body may share work again`() {
    let (outer, other) = (Compute(threads: 2), Compute(threads: 2))
    let sum = Mutex(0)
    outer.parallel(4) { i in
      outer.parallel(3) { j in
        other.parallel(2) { k in sum.withLock { $0 += 100 * i + 10 * j + k } }
      }
    }
    let found = sum.withLock { $0 }
    #expect(found == 3852)
  }

  @Test func `many small jobs are all done`() {
    let compute = Compute(threads: 3)
    let total = Mutex(0)
    for job in 0..<5000 {
      compute.parallel(3) { index in total.withLock { $0 += job * 3 + index } }
    }
    #expect(total.withLock { $0 } == (0..<15000).reduce(0, +))
  }

  @Test func `threads that share one value wait for each other`() {
    let compute = Compute(threads: 2)
    let weights = WeightMatrix.random(rows: 300, columns: 512, type: .q4_0, seed: 1)
    let x = activations(rows: 1, columns: 512)
    let expected = compute.linear(x, weights)
    let failures = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: 4) { _ in
      for _ in 0..<300 where compute.linear(x, weights) != expected {
        failures.withLock { $0 += 1 }
      }
    }
    #expect(failures.withLock { $0 } == 0)
  }

  @Test func `values may come and go while others work`() {
    let weights = WeightMatrix.random(rows: 300, columns: 512, type: .q8_0, seed: 2)
    let x = activations(rows: 2, columns: 512)
    let expected = Compute().linear(x, weights)
    let failures = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: 4) { _ in
      for _ in 0..<50 {
        let compute = Compute(threads: 3)
        if compute.linear(x, weights) != expected { failures.withLock { $0 += 1 } }
      }
    }
    #expect(failures.withLock { $0 } == 0)
  }
}
