import Foundation
import Kernels
import TestSupport
import Testing

@Suite struct SelectiveScanTests {
  private struct Inputs {
    let x, delta, b, c: Matrix
    let a, d, state: [Float]

    init(steps: Int, channels: Int, states: Int) {
      func values(_ name: String, _ count: Int, _ change: (Double) -> Double) -> [Float] {
        FilledTensors.plainValues(name: name, count: count).map { Float(change($0)) }
      }
      func matrix(_ name: String, _ columns: Int, _ change: (Double) -> Double) -> Matrix {
        Matrix(rows: steps, columns: columns, values: values(name, steps * columns, change))
      }
      x = matrix("x", channels) { $0 }
      delta = matrix("delta", channels) { abs($0) / 10 }
      b = matrix("b", states) { $0 }
      c = matrix("c", states) { $0 }
      a = values("a", channels * states) { -16 * abs($0) }
      d = values("d", channels) { $0 }
      state = values("state", channels * states) { $0 }
    }

    func scan(_ compute: Compute, steps: Range<Int>? = nil, state: inout [Float]) -> Matrix {
      let steps = steps ?? 0..<x.rows
      return compute.selectiveScan(
        x.rows(steps), delta: delta.rows(steps), a: a, b: b.rows(steps), c: c.rows(steps), d: d,
        state: &state)
    }
  }

  @Test(arguments: KernelBackend.supported, [(1, 7, 16), (5, 33, 16), (3, 4, 5), (2, 600, 40)])
  func `bits are those of the reference, at any number of threads`(
    backend: KernelBackend, shape: (Int, Int, Int)
  ) {
    let inputs = Inputs(steps: shape.0, channels: shape.1, states: shape.2)
    var expectedState = inputs.state
    let expected = inputs.scan(Compute(backend: .reference), state: &expectedState)
    for threads in 1...3 {
      var state = inputs.state
      let found = inputs.scan(Compute(threads: threads, backend: backend), state: &state)
      #expect(found == expected)
      #expect(state == expectedState)
    }
  }

  @Test func `steps one by one equal steps together`() {
    let inputs = Inputs(steps: 6, channels: 20, states: 16)
    let compute = Compute()
    var (together, single) = (inputs.state, inputs.state)
    let all = inputs.scan(compute, state: &together)
    for step in 0..<6 {
      let one = inputs.scan(compute, steps: step..<step + 1, state: &single)
      #expect(one == all.rows(step..<step + 1))
    }
    #expect(single == together)
  }

  @Test func `the scan is that of double precision`() {
    let (steps, channels, states) = (50, 9, 16)
    let inputs = Inputs(steps: steps, channels: channels, states: states)
    var state = inputs.state
    let found = inputs.scan(Compute(), state: &state)
    var exact = inputs.state.map { Double($0) }
    for t in 0..<steps {
      for j in 0..<channels {
        let (delta, x) = (Double(inputs.delta[t, j]), Double(inputs.x[t, j]))
        var y = Double(inputs.d[j]) * x
        for n in 0..<states {
          let i = j * states + n
          exact[i] =
            exp(delta * Double(inputs.a[i])) * exact[i] + delta * Double(inputs.b[t, n]) * x
          y += exact[i] * Double(inputs.c[t, n])
        }
        #expect(abs(Double(found[t, j]) - y) < 3e-6)
      }
    }
  }
}

@Suite struct AttentionTests {
  private func filled(_ name: String, _ rows: Int, _ columns: Int) -> Matrix {
    Matrix(
      rows: rows, columns: columns,
      values: FilledTensors.plainValues(name: name, count: rows * columns).map { Float($0 * 2) })
  }

  private func attend(
    _ compute: Compute, _ q: Matrix, _ k: Matrix, _ v: Matrix, heads: Int, keyValueHeads: Int,
    limits: [Int], scale: Float? = nil
  ) -> Matrix {
    k.values.withUnsafeBufferPointer { keys in
      v.values.withUnsafeBufferPointer { values in
        guard let keys = keys.baseAddress, let values = values.baseAddress else { return q }
        return compute.attention(
          queries: q, keys: CacheView(keys, stride: k.columns),
          values: CacheView(values, stride: v.columns), heads: heads,
          keyValueHeads: keyValueHeads, limits: limits, scale: scale)
      }
    }
  }

  @Test(arguments: [(4, 4, 16), (8, 2, 64), (6, 3, 20), (1, 1, 5)])
  func `attention is that of double precision`(shape: (Int, Int, Int)) {
    let (heads, keyHeads, size) = shape
    let limits = [1, 2, 3, 7, 40, 77]
    let q = filled("q", limits.count, heads * size)
    let (k, v) = (filled("k", 77, keyHeads * size), filled("v", 77, keyHeads * size))
    let found = attend(
      Compute(threads: 2), q, k, v, heads: heads, keyValueHeads: keyHeads, limits: limits)
    for (row, limit) in limits.enumerated() {
      for head in 0..<heads {
        let first = head / (heads / keyHeads) * size
        let scores = (0..<limit).map { t in
          (0..<size).reduce(0.0) {
            $0 + Double(q[row, head * size + $1]) * Double(k[t, first + $1])
          }
            / Double(size).squareRoot()
        }
        let largest = scores.max() ?? 0
        let sum = scores.reduce(0) { $0 + exp($1 - largest) }
        for i in 0..<size {
          let exact = (0..<limit).reduce(0.0) {
            $0 + exp(scores[$1] - largest) / sum * Double(v[$1, first + i])
          }
          #expect(abs(Double(found[row, head * size + i]) - exact) < 1e-5)
        }
      }
    }
  }

  @Test(arguments: KernelBackend.supported, [(4, 4, 16), (8, 2, 64), (6, 3, 20)])
  func `bits are those of the reference, at any number of threads`(
    backend: KernelBackend, shape: (Int, Int, Int)
  ) {
    let (heads, keyHeads, size) = shape
    let limits = [70, 3, 33, 64]
    let q = filled("q", limits.count, heads * size)
    let (k, v) = (filled("k", 70, keyHeads * size), filled("v", 70, keyHeads * size))
    let expected = attend(
      Compute(backend: .reference), q, k, v, heads: heads, keyValueHeads: keyHeads,
      limits: limits, scale: 0.3)
    for threads in 1...3 {
      let compute = Compute(threads: threads, backend: backend)
      let found = attend(
        compute, q, k, v, heads: heads, keyValueHeads: keyHeads, limits: limits, scale: 0.3)
      #expect(found == expected)
    }
  }

  @Test func `a position does not depend on what it does not see`() {
    let q = filled("q", 3, 64)
    var (k, v) = (filled("k", 30, 32), filled("v", 30, 32))
    let limits = [5, 6, 7]
    let before = attend(Compute(), q, k, v, heads: 4, keyValueHeads: 2, limits: limits)
    for i in 6 * 32..<30 * 32 { (k.values[i], v.values[i]) = (.nan, .nan) }
    let after = attend(Compute(), q, k, v, heads: 4, keyValueHeads: 2, limits: limits)
    #expect(after.rows(0..<2) == before.rows(0..<2))
    #expect(after.values[2 * 64].isNaN)
    let alone = attend(
      Compute(), q.rows(1..<2), k, v, heads: 4, keyValueHeads: 2, limits: [6])
    #expect(alone == before.rows(1..<2))
  }
}
