/// Names with values, in the order of the text, found fast by name.
///
/// Names are compared byte by byte: two that Unicode holds to be equivalent are two names.
/// An object knows the file and the path of names that led to it, so that its typed accessors
/// can say where a wrong value is.
public struct JSONObject: Sendable {
  /// One name with its value.
  public typealias Element = (key: String, value: JSONValue)

  private final class Storage: Sendable {
    let pairs: [Element]
    let index: JSONNameIndex?

    init(pairs: [Element], index: JSONNameIndex?) {
      self.pairs = pairs
      self.index = index
    }
  }

  private let storage: Storage
  package var location: JSONLocation?

  /// Makes an object.
  ///
  /// - Important: Traps where a name comes twice.
  public init(_ pairs: [Element] = []) {
    guard let object = JSONObject(checking: pairs, duplicate: { _ in }) else {
      preconditionFailure("a name comes twice")
    }
    self = object
  }

  /// Makes an object, or gives the name that comes twice to `duplicate` and fails.
  init?(checking pairs: [Element], duplicate: (String) -> Void) {
    if pairs.count > JSONNameIndex.smallest {
      var index = JSONNameIndex(capacity: pairs.count)
      for position in pairs.indices where !index.insert(position, of: pairs) {
        duplicate(pairs[position].key)
        return nil
      }
      storage = Storage(pairs: pairs, index: index)
    } else {
      for position in pairs.indices {
        let key = pairs[position].key
        if pairs[..<position].contains(where: { JSONNameIndex.areEqual($0.key, key) }) {
          duplicate(key)
          return nil
        }
      }
      storage = Storage(pairs: pairs, index: nil)
    }
  }

  /// The names, in order.
  public var keys: [String] { storage.pairs.map(\.key) }

  /// The value of a name, or nil where there is none of this name.
  public subscript(key: String) -> JSONValue? {
    let pairs = storage.pairs
    if let index = storage.index {
      return index.position(of: key, in: pairs).map { pairs[$0].value }
    }
    return pairs.first { JSONNameIndex.areEqual($0.key, key) }?.value
  }
}

extension JSONObject: RandomAccessCollection {
  /// The first position.
  public var startIndex: Int { 0 }
  /// The position after the last.
  public var endIndex: Int { storage.pairs.count }
  /// The name and value at a position.
  public subscript(position: Int) -> Element { storage.pairs[position] }
}

extension JSONObject: Equatable {
  /// Whether both have the same names with the same values, in any order.
  public static func == (a: JSONObject, b: JSONObject) -> Bool {
    a.count == b.count && a.allSatisfy { b[$0.key] == $0.value }
  }
}

/// The file and the path of names that lead to an object.
package final class JSONLocation: Sendable {
  package let file: String
  package let path: String

  package init(file: String, path: String = "") {
    self.file = file
    self.path = path
  }

  /// The location of a name's value.
  func appending(_ key: String) -> JSONLocation {
    JSONLocation(file: file, path: path.isEmpty ? key : "\(path).\(key)")
  }
}
