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
    guard let info = info(name) else { throw .missingTensor(name, in: nil) }
    guard info.shape == shape else {
      throw .wrongShape(name, found: info.shape, expected: shape, in: nil)
    }
    let columns = shape.last ?? 1
    let rows = shape.dropLast().reduce(1, *)
    return Dequantization.values(of: try matrix(name, rows: rows, columns: columns))
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
