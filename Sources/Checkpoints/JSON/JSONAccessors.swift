/// Typed access. Each function throws ``CheckpointError`` with the file, the path of names and what
/// was expected; the optional ones give nil where the name is missing or its value is null.
extension JSONObject {
  /// An error about a name's value.
  public func error(
    _ code: CheckpointError.Code, _ key: String, reason: String
  ) -> CheckpointError {
    CheckpointError(
      code, file: location?.file,
      subject: (location?.appending(key).path ?? key).excerpt, reason: reason)
  }

  /// The value, whatever it is, or nil where it is missing or null.
  public func optionalValue(_ key: String) -> JSONValue? {
    guard let value = self[key], value != .null else { return nil }
    return value
  }

  private func typed<T>(
    _ key: String, _ expected: String, _ convert: (JSONValue) -> T?
  ) throws(CheckpointError) -> T {
    guard let value = self[key] else {
      throw error(.missing, key, reason: "is missing, expected \(expected)")
    }
    guard let converted = convert(value) else {
      throw error(.mismatch, key, reason: "is \(value.kind), expected \(expected)")
    }
    return converted
  }

  private func optional<T>(
    _ key: String, _ read: (String) throws(CheckpointError) -> T
  ) throws(CheckpointError) -> T? {
    switch self[key] {
    case nil, .null: nil
    default: try read(key)
    }
  }

  /// The value, whatever it is.
  public func value(_ key: String) throws(CheckpointError) -> JSONValue {
    try typed(key, "a value") { $0 }
  }

  /// A string.
  public func string(_ key: String) throws(CheckpointError) -> String {
    try typed(key, "a string", \.stringValue)
  }

  /// A string, or nil where it is missing or null.
  public func optionalString(_ key: String) throws(CheckpointError) -> String? {
    try optional(key, string)
  }

  /// A truth value.
  public func bool(_ key: String) throws(CheckpointError) -> Bool {
    try typed(key, "a truth value", \.boolValue)
  }

  /// A truth value, or nil where it is missing or null.
  public func optionalBool(_ key: String) throws(CheckpointError) -> Bool? {
    try optional(key, bool)
  }

  /// An integer in a range.
  public func integer(
    _ key: String, in range: ClosedRange<Int> = Int.min...Int.max
  ) throws(CheckpointError) -> Int {
    let value = try typed(key, "an integer", \.integerValue)
    guard range.contains(value) else {
      throw error(.mismatch, key, reason: "is \(value), expected \(text(of: range))")
    }
    return value
  }

  /// An integer in a range, or nil where it is missing or null.
  public func optionalInteger(
    _ key: String, in range: ClosedRange<Int> = Int.min...Int.max
  ) throws(CheckpointError) -> Int? {
    try optional(key) { key throws(CheckpointError) in try integer(key, in: range) }
  }

  /// A number, integers included, in a range.
  public func number(
    _ key: String,
    in range: ClosedRange<Double> = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude
  ) throws(CheckpointError) -> Double {
    let value = try typed(key, "a number", \.numberValue)
    guard range.contains(value) else {
      throw error(
        .mismatch, key,
        reason: "is \(value), expected \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  /// A number, integers included, in a range, or nil where it is missing or null.
  public func optionalNumber(
    _ key: String,
    in range: ClosedRange<Double> = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude
  ) throws(CheckpointError) -> Double? {
    try optional(key) { key throws(CheckpointError) in try number(key, in: range) }
  }

  /// An object, which knows its place.
  public func object(_ key: String) throws(CheckpointError) -> JSONObject {
    var object = try typed(key, "an object", \.objectValue)
    object.location = location?.appending(key)
    return object
  }

  /// An object, or nil where it is missing or null.
  public func optionalObject(_ key: String) throws(CheckpointError) -> JSONObject? {
    try optional(key, object)
  }

  private func text(of range: ClosedRange<Int>) -> String {
    switch (range.lowerBound, range.upperBound) {
    case (let low, Int.max): "at least \(low)"
    case (Int.min, let high): "at most \(high)"
    case (let low, let high): low == high ? "\(low)" : "\(low) to \(high)"
    }
  }
}

/// Typed access to arrays.
extension JSONObject {
  /// An array of anything.
  public func array(_ key: String) throws(CheckpointError) -> [JSONValue] {
    try typed(key, "an array", \.arrayValue)
  }

  /// An array of anything, or nil where it is missing or null.
  public func optionalArray(_ key: String) throws(CheckpointError) -> [JSONValue]? {
    try optional(key, array)
  }

  private func elements<T>(
    _ key: String, _ expected: String, _ convert: (JSONValue) -> T?
  ) throws(CheckpointError) -> [T] {
    let values = try array(key)
    var result: [T] = []
    result.reserveCapacity(values.count)
    for (index, value) in values.enumerated() {
      guard let converted = convert(value) else {
        throw error(
          .mismatch, "\(key)[\(index)]", reason: "is \(value.kind), expected \(expected)")
      }
      result.append(converted)
    }
    return result
  }

  /// An array of strings.
  public func strings(_ key: String) throws(CheckpointError) -> [String] {
    try elements(key, "a string", \.stringValue)
  }

  /// An array of strings, or nil where it is missing or null.
  public func optionalStrings(_ key: String) throws(CheckpointError) -> [String]? {
    try optional(key, strings)
  }

  /// An array of integers in a range.
  public func integers(
    _ key: String, in range: ClosedRange<Int> = Int.min...Int.max
  ) throws(CheckpointError) -> [Int] {
    let values = try elements(key, "an integer", \.integerValue)
    for (index, value) in values.enumerated() where !range.contains(value) {
      throw error(
        .mismatch, "\(key)[\(index)]", reason: "is \(value), expected \(text(of: range))")
    }
    return values
  }

  /// An array of integers, or nil where it is missing or null.
  public func optionalIntegers(
    _ key: String, in range: ClosedRange<Int> = Int.min...Int.max
  ) throws(CheckpointError) -> [Int]? {
    try optional(key) { key throws(CheckpointError) in try integers(key, in: range) }
  }

  /// An array of numbers.
  public func numbers(_ key: String) throws(CheckpointError) -> [Double] {
    try elements(key, "a number", \.numberValue)
  }

  /// An array of numbers, or nil where it is missing or null.
  public func optionalNumbers(_ key: String) throws(CheckpointError) -> [Double]? {
    try optional(key, numbers)
  }

  /// An array of objects, each of which knows its place.
  public func objects(_ key: String) throws(CheckpointError) -> [JSONObject] {
    let objects = try elements(key, "an object", \.objectValue)
    return objects.enumerated().map { index, object in
      var object = object
      object.location = location?.appending("\(key)[\(index)]")
      return object
    }
  }

  /// An array of objects, or nil where it is missing or null.
  public func optionalObjects(_ key: String) throws(CheckpointError) -> [JSONObject]? {
    try optional(key, objects)
  }
}
