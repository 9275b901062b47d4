import COpenBLAS

/// The OpenBLAS library of this process, held to one thread.
///
/// Its own threads would divide a product by their number and with that change its bits; the
/// threads of ``Compute`` share tiles of fixed size instead.
public enum OpenBLASRuntime {
  /// The version and the options of the build, as the library reports them.
  public static var configuration: String { pinned.configuration }
  /// The processor type whose kernels the library chose.
  public static var coreName: String { pinned.coreName }

  /// Holds the library to one thread, once.
  static func pin() { _ = pinned }

  private static let pinned: (configuration: String, coreName: String) = {
    openblas_set_num_threads(1)
    return (text(openblas_get_config()), text(openblas_get_corename()))
  }()

  private static func text(_ characters: UnsafeMutablePointer<CChar>?) -> String {
    characters.map { String(cString: $0) } ?? ""
  }
}
