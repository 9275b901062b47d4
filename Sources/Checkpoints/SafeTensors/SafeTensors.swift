/// Opens the tensors of a model, however they are laid out in files.
public enum SafeTensors {
  /// Opens a `.safetensors` file, an index (`.safetensors.index.json`), or a folder that has
  /// `model.safetensors` or `model.safetensors.index.json`.
  ///
  /// - Throws: ``CheckpointError`` where there is nothing to open or it breaks its format.
  public static func open(_ path: String) throws(CheckpointError) -> any TensorSource {
    guard FilePath.isFolder(path) else {
      return path.hasSuffix(".json")
        ? try ShardedSafeTensors(indexPath: path) : try SafeTensorsFile(path: path)
    }
    let single = FilePath.join(path, "model.safetensors")
    if FilePath.exists(single) { return try SafeTensorsFile(path: single) }
    let index = FilePath.join(path, "model.safetensors.index.json")
    if FilePath.exists(index) { return try ShardedSafeTensors(indexPath: index) }
    throw CheckpointError(
      .missing, file: path,
      reason: "has neither model.safetensors nor model.safetensors.index.json")
  }
}
