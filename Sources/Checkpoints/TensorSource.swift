public import Kernels

/// What a model file says of one tensor.
public struct TensorInfo: Sendable, Equatable {
  /// The number format.
  public let type: ElementType
  /// The sizes, outermost first; empty for a scalar.
  public let shape: [Int]

  /// Describes a tensor.
  public init(type: ElementType, shape: [Int]) {
    self.type = type
    self.shape = shape
  }
}

/// Named tensors, wherever they come from: a file, several files, a merge, a seed.
public protocol TensorSource: Sendable {
  /// All names, sorted.
  var names: [String] { get }

  /// What is known of a tensor; nil where there is none of this name.
  func info(_ name: String) -> TensorInfo?

  /// The weights of a tensor seen as `rows` x `columns`.
  ///
  /// The last dimensions are joined: a convolution's `[out, in, k]` is read as `out` x `in * k`.
  /// - Throws: ``CheckpointError`` that names the tensor and what was expected, where it is missing
  ///   or has another number of elements or another outermost size.
  func matrix(_ name: String, rows: Int, columns: Int) throws(CheckpointError) -> WeightMatrix
}

extension TensorSource {
  /// A tensor's values as single-precision numbers, whatever its number format.
  package func values(_ name: String, shape: [Int]) throws(CheckpointError) -> [Float] {
    // A row is what the number format's blocks run along: all but the first dimension.
    let rows = shape.count > 1 ? shape[0] : 1
    let columns = shape.dropFirst(shape.count > 1 ? 1 : 0).reduce(1, *)
    let weights = try matrix(name, rows: rows, columns: columns)
    guard let info = info(name), info.shape == shape else {
      throw .wrongShape(name, found: info(name)?.shape ?? [], expected: shape, in: nil)
    }
    return Dequantization.values(of: weights)
  }

  /// A one-dimensional tensor's values.
  package func vector(_ name: String, count: Int) throws(CheckpointError) -> [Float] {
    try values(name, shape: [count])
  }

  /// A one-dimensional tensor's values, or nil where there is none of this name.
  package func optionalVector(_ name: String, count: Int) throws(CheckpointError) -> [Float]? {
    info(name) == nil ? nil : try vector(name, count: count)
  }
}
