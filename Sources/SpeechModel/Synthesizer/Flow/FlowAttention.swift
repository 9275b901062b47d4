import Kernels

/// Attention of a chunk's queries over cached keys and values, head by head.
struct FlowAttention: Sendable {
  let heads: Int
  let headWidth: Int
  let compute: Compute

  private var width: Int { heads * headWidth }
  private var scale: Float { 1 / Float(headWidth).squareRoot() }

  /// Attends with the queries from a row on and writes the same rows of `result`.
  ///
  /// The order of the keys is that of memory, which no score depends on.
  func attend(
    _ queries: Matrix, from row: Int, cache: FlowCache, span: FlowSpan, result: inout Matrix
  ) {
    precondition(queries.columns == width && result.columns == width)
    cache.withRows(span, span.recentRows) { segments in
      queries.values.withUnsafeBufferPointer { queries in
        result.values.withUnsafeMutableBufferPointer { result in
          let offset = row * width
          guard let q = queries.baseAddress, let out = result.baseAddress else { return }
          eachHead(span.rows, segments) { head, scores, stride in
            var column = 0
            for segment in segments {
              score(
                q + offset + head, segment.keys + head, rows: span.rows, keys: segment.count,
                into: scores + column, stride: stride)
              column += segment.count
            }
            finish(scores, stride, segments, head, rows: span.rows, out + offset)
          }
        }
      }
    }
  }

  /// Attends with scores of content and of distance, as in Transformer-XL.
  ///
  /// `content` are the queries plus the content bias, `distance` those plus the distance bias;
  /// `positions` are the encodings of distances, which must cover all that are needed.
  func attend(
    content: Matrix, distance: Matrix, positions: FlowPositions, cache: FlowCache, span: FlowSpan
  ) -> Matrix {
    var result = Matrix(rows: span.rows, columns: width)
    let starts = (span.pinned > 0 ? [0] : []) + span.recent.map(\.position)
    cache.withRows(span, span.recent.map(\.rows)) { segments in
      content.values.withUnsafeBufferPointer { content in
        distance.values.withUnsafeBufferPointer { distance in
          result.values.withUnsafeMutableBufferPointer { result in
            guard let q = content.baseAddress, let d = distance.baseAddress,
              let out = result.baseAddress
            else { return }
            eachHead(span.rows, segments) { head, scores, stride in
              var column = 0
              for (segment, start) in zip(segments, starts) {
                score(
                  q + head, segment.keys + head, rows: span.rows, keys: segment.count,
                  into: scores + column, stride: stride)
                addDistances(
                  d + head, positions, head, scores + column, stride, keys: segment.count,
                  first: span.position - start, rows: span.rows)
                column += segment.count
              }
              finish(scores, stride, segments, head, rows: span.rows, out)
            }
          }
        }
      }
    }
    return result
  }

  /// Runs `body` for the first column of each head, with memory for its scores.
  private func eachHead(
    _ rows: Int, _ segments: [FlowCache.Rows],
    _ body: (Int, UnsafeMutablePointer<Float>, Int) -> Void
  ) {
    let keys = segments.reduce(0) { $0 + $1.count }
    compute.parallel(heads) { head in
      let scores = UnsafeMutablePointer<Float>.allocate(capacity: rows * keys)
      defer { scores.deallocate() }
      body(head * headWidth, scores, keys)
    }
  }

  /// The products of one head's queries and keys: `[rows, keys]`.
  private func score(
    _ queries: UnsafePointer<Float>, _ keys: UnsafePointer<Float>, rows: Int, keys count: Int,
    into scores: UnsafeMutablePointer<Float>, stride: Int
  ) {
    Compute.gemmOnOneThread(
      rows: rows, columns: count, inner: headWidth, MatrixView(queries, stride: width),
      MatrixView(keys, stride: width, transposed: true), into: scores, stride: stride,
      plain: compute.backend == .reference)
  }

  /// Scores to weights, weights times values.
  private func finish(
    _ scores: UnsafeMutablePointer<Float>, _ stride: Int, _ segments: [FlowCache.Rows],
    _ head: Int, rows: Int, _ out: UnsafeMutablePointer<Float>
  ) {
    for row in 0..<rows {
      FlowMath.softmax(
        UnsafeMutableBufferPointer(start: scores + row * stride, count: stride), scale: scale)
    }
    var column = 0
    for segment in segments {
      Compute.gemmOnOneThread(
        rows: rows, columns: headWidth, inner: segment.count,
        MatrixView(scores + column, stride: stride),
        MatrixView(segment.values + head, stride: width), beta: column > 0 ? 1 : 0,
        into: out + head, stride: width, plain: compute.backend == .reference)
      column += segment.count
    }
  }

  /// Adds the scores of the distances of a segment, whose first key lies `first` positions before
  /// the first query.
  private func addDistances(
    _ queries: UnsafePointer<Float>, _ positions: FlowPositions, _ head: Int,
    _ scores: UnsafeMutablePointer<Float>, _ stride: Int, keys: Int, first: Int, rows: Int
  ) {
    // The last key and the first query have the least distance.
    let range = first - keys + 1..<first + rows
    let byDistance = UnsafeMutablePointer<Float>.allocate(capacity: rows * range.count)
    defer { byDistance.deallocate() }
    positions.withRows(range) { table in
      score(
        queries, table + head, rows: rows, keys: range.count, into: byDistance,
        stride: range.count)
    }
    for row in 0..<rows {
      let from = byDistance + row * range.count + row + keys - 1
      for key in 0..<keys { scores[row * stride + key] += from[-key] }
    }
  }
}
