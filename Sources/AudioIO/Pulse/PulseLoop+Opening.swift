extension PulseLoop {
  /// Opens a stream, and where its device is unknown says which there are.
  func open(_ stream: PulseStream) async throws(PulseError) {
    nonisolated(unsafe) let shared = stream  // Touched with the lock alone.
    let error = await withCheckedContinuation { continuation in
      locked { shared.open(continuation) }
    }
    guard let error else { return }
    guard error.code == .noDevice else { throw error }
    let devices = try await PulseDevices.list(server: stream.settings.server)
    let kind: SoundDevice.Kind = stream.settings.direction == .capture ? .source : .sink
    throw error.naming(devices.filter { $0.kind == kind }.map(\.name))
  }
}
