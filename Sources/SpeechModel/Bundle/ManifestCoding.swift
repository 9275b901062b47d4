import Checkpoints
import Foundation

/// Settings of a manifest to configuration values and back.
///
/// A section may leave out what has a default; a name that no setting has is an error, because a
/// misspelt setting that is silently ignored is worse than none.
enum ManifestCoding {
  /// Reads a section: `defaults` with the section's settings laid over it.
  static func decode<Settings: Codable>(
    _ object: JSONObject, over defaults: Settings
  ) throws(CheckpointError) -> Settings {
    try checkNames(of: object, against: defaults)
    let merged = overlay(object, on: try encode(defaults))
    do {
      return try JSONDecoder().decode(
        Settings.self, from: Data(JSONValue.object(merged).encoded()))
    } catch {
      throw fault(error, in: object)
    }
  }

  /// A section as JSON, names sorted.
  static func encode(_ settings: some Encodable) throws(CheckpointError) -> JSONObject {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let bytes: [UInt8]
    do {
      bytes = Array(try encoder.encode(settings))
    } catch {
      throw CheckpointError(.mismatch, file: "manifest.json", reason: "cannot hold \(settings)")
    }
    return try JSONObject(parsing: bytes, file: "manifest.json")
  }

  private static func overlay(_ object: JSONObject, on base: JSONObject) -> JSONObject {
    var pairs: [JSONObject.Element] = []
    for (key, value) in base where object[key] == nil { pairs.append((key, value)) }
    for (key, value) in object {
      if case .object(let inner) = value, case .object(let under)? = base[key] {
        pairs.append((key, .object(overlay(inner, on: under))))
      } else {
        pairs.append((key, value))
      }
    }
    return JSONObject(pairs)
  }

  /// The names of settings are those of the stored properties.
  private static func checkNames(of object: JSONObject, against settings: Any)
    throws(CheckpointError)
  {
    let mirror = Mirror(reflecting: settings)
    guard mirror.displayStyle == .struct else { return }
    let properties = Dictionary(
      mirror.children.compactMap { child in child.label.map { ($0, child.value) } },
      uniquingKeysWith: { first, _ in first })
    for (key, value) in object {
      guard let property = properties[key] else {
        throw object.error(
          .mismatch, key,
          reason:
            "is no setting here; there are \(properties.keys.sorted().joined(separator: ", "))"
        )
      }
      if case .object = value {
        try checkNames(of: try object.object(key), against: property)
      }
    }
  }

  private static func fault(_ error: any Error, in object: JSONObject) -> CheckpointError {
    let (context, reason): (DecodingError.Context?, String) =
      switch error {
      case DecodingError.typeMismatch(let type, let context): (context, "expected \(type)")
      case DecodingError.valueNotFound(let type, let context): (context, "expected \(type)")
      case DecodingError.keyNotFound(let key, let context):
        (context, "\(key.stringValue) is missing")
      case DecodingError.dataCorrupted(let context): (context, context.debugDescription)
      default: (nil, "\(error)")
      }
    let path = context?.codingPath.map(\.stringValue).joined(separator: ".") ?? ""
    return object.error(.mismatch, path.isEmpty ? "settings" : path, reason: reason)
  }
}
