import CKernels

/// Keys or values of past positions in memory: position, then head, then channel.
package struct CacheView {
  package let start: UnsafePointer<Float>
  /// The distance of neighbouring positions, in elements.
  package let stride: Int

  /// Views a cache whose positions are `stride` elements apart.
  package init(_ start: UnsafePointer<Float>, stride: Int) {
    self.start = start
    self.stride = stride
  }
}

extension Compute {
  /// Scaled dot-product attention of new positions over a cache, with grouped queries.
  ///
  /// Query head h uses key and value head h / (heads / keyValueHeads). The order of additions does
  /// not depend on the threads, nor a position's result on the other new positions.
  ///
  /// - Parameters:
  ///   - queries: the new positions, `[n, heads * channels]`.
  ///   - keys: `keyValueHeads` heads of `channels` numbers at each position.
  ///   - values: laid out as the keys, perhaps with another stride.
  ///   - heads: the number of query heads.
  ///   - keyValueHeads: the number of heads in the cache; `heads` is a multiple of it.
  ///   - limits: how many cached positions, from the first, each new position sees: one at least.
  ///   - scale: the factor of the scores; 1 / sqrt(channels) where nil.
  /// - Returns: the weighted values, `[n, heads * channels]`.
  package func attention(
    queries: Matrix, keys: CacheView, values: CacheView, heads: Int, keyValueHeads: Int,
    limits: [Int], scale: Float? = nil
  ) -> Matrix {
    precondition(limits.count == queries.rows && limits.allSatisfy { $0 >= 1 })
    precondition(queries.columns % heads == 0 && heads % keyValueHeads == 0)
    let (channels, group) = (queries.columns / heads, heads / keyValueHeads)
    let scale = scale ?? 1 / Float(channels).squareRoot()
    var result = Matrix(rows: queries.rows, columns: queries.columns)
    result.values.withUnsafeMutableBufferPointer { y in
      queries.values.withUnsafeBufferPointer { q in
        guard let y = y.baseAddress, let q = q.baseAddress else { return }
        // A share is a range of (position, key head); each has the scores of its own positions.
        let shares = limits.count * keyValueHeads
        let seen = limits.reduce(0, +)
        ranges(shares, work: 2 * seen * queries.columns) { range in
          let longest =
            limits[range.lowerBound / keyValueHeads..<(range.upperBound - 1) / keyValueHeads + 1]
            .max() ?? 0
          withUnsafeTemporaryAllocation(of: Float.self, capacity: group * longest) { scores in
            for share in range {
              let (row, head) = (share / keyValueHeads, share % keyValueHeads)
              let offset = row * queries.columns + head * group * channels
              attend(
                ck_attention(
                  heads: group, head_columns: channels, positions: limits[row],
                  stride: keys.stride, value_stride: values.stride, queries: q + offset,
                  keys: keys.start + head * channels, values: values.start + head * channels,
                  scale: scale, scores: scores.baseAddress, y: y + offset))
            }
          }
        }
      }
    }
    return result
  }

  private func attend(_ attention: ck_attention) {
    guard let native = backend.native else { return ReferenceSequence.attend(attention) }
    withUnsafePointer(to: attention) { ck_attend(native, $0) }
  }
}
