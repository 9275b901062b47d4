import Foundation

/// A socket that hangs up on everyone who comes.
struct ClosingSocket {
  struct Failure: Error { let code: Int32 }

  private let descriptor: Int32

  init(path: String) throws {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let code = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard code == 0, listen(descriptor, 4) == 0 else { throw Failure(code: errno) }
    self.descriptor = descriptor
    Thread {
      while case let visitor = accept(descriptor, nil, nil), visitor >= 0 {
        Foundation.close(visitor)
      }
    }.start()
  }

  func close() {
    shutdown(descriptor, Int32(SHUT_RDWR))
    Foundation.close(descriptor)
  }
}
