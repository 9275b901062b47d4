import AudioTestSupport

/// A small file system in memory, where this machine lets us mount one.
struct SmallDisk {
  let path: String

  init?(at folder: TemporaryFolder, options: String) async {
    path = folder.file("disk")
    do {
      try await CommandLineTool.run(["mkdir", path])
      try await CommandLineTool.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path])
    } catch {
      return nil
    }
  }

  func remove() async { _ = try? await CommandLineTool.run(["umount", "-l", path]) }
}
