import CKernels

/// The selective scan and attention in plain Swift, in the same order of additions.
enum ReferenceSequence {
  static func scan(_ s: ck_scan, channels: Range<Int>) {
    guard let x = s.x, let delta = s.delta, let a = s.a, let b = s.b, let c = s.c, let d = s.d,
      let state = s.state, let y = s.y
    else { return }
    for j in channels {
      for t in 0..<s.steps {
        let at = t * s.channels + j
        let input = delta[at] * x[at]
        let sum = ReferenceRows.sum(0..<s.states) { lane, n in
          let i = j * s.states + n
          let decay = ReferenceFunctions.exp(delta[at] * a[i])
          state[i] = (input * b[t * s.states + n]).addingProduct(decay, state[i])
          lane.addProduct(state[i], c[t * s.states + n])
        }
        y[at] = sum.addingProduct(d[j], x[at])
      }
    }
  }

  static func attend(_ s: ck_attention) {
    guard let queries = s.queries, let keys = s.keys, let values = s.values,
      let scores = s.scores, let y = s.y
    else { return }
    let columns = s.head_columns
    for head in 0..<s.heads {
      let row = UnsafeMutableBufferPointer(start: scores + head * s.positions, count: s.positions)
      for t in 0..<s.positions {
        row[t] =
          s.scale
          * ReferenceRows.sum(0..<columns) { lane, i in
            lane.addProduct(queries[head * columns + i], keys[t * s.stride + i])
          }
      }
      ReferenceRows.softmax(row)
      for i in 0..<columns {
        y[head * columns + i] = (0..<s.positions).reduce(0) {
          $0.addingProduct(row[$1], values[$1 * s.value_stride + i])
        }
      }
    }
  }
}
