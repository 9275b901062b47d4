import Checkpoints
import Foundation
import TestSupport
import Testing

/// Damaged files of every format: each is read to its last byte or refused with a line that names
/// it, without a crash, without hanging and within a bound of memory.
///
/// The files are read in a child process whose memory is limited by the operating system.
/// `OMNI_FUZZ_MUTANTS` sets how many files of a format are tried with a seed.
struct ReaderFuzzTests {
  /// What reading may take besides the files, which are below 100 kB, nesting included.
  private static let memory = 48 << 20

  private static var mutants: Int {
    ProcessInfo.processInfo.environment["OMNI_FUZZ_MUTANTS"].flatMap { Int($0) } ?? 10_000
  }

  @Test(arguments: FuzzTarget.allCases, [1] as [UInt64])
  func `a damaged file is read or refused`(target: FuzzTarget, seed: UInt64) async throws {
    let folder = try TemporaryFolder()
    let progress = folder.file("progress")
    let result = await #expect(processExitsWith: .success) {
      [target = target as FuzzTarget, seed = seed as UInt64, progress = progress as String] in
      try BoundedProcess.limit(moreBytes: Self.memory, seconds: 300)
      try Self.readMutants(of: target, seed: seed, count: Self.mutants, progress: progress)
    }
    if result == nil {
      let index = (try? String(contentsOfFile: progress, encoding: .utf8)) ?? "?"
      Issue.record("\(target.rawValue), seed \(seed), mutant \(index) ended the process")
    }
  }

  @Test(arguments: FuzzTarget.allCases)
  func `an undamaged file is read`(target: FuzzTarget) throws {
    try target.open(target.samples())
  }

  /// Reads mutants one after the other; the number of each is written to a file before it is read.
  private static func readMutants(
    of target: FuzzTarget, seed: UInt64, count: Int, progress: String
  ) throws {
    let samples = try target.samples()
    let log = Foundation.open(progress, O_WRONLY | O_CREAT, 0o600)
    defer { close(log) }
    var opened = 0
    for index in 0..<count {
      let text = "\(index)"
      pwrite(log, text, text.utf8.count, 0)
      var mutator = Mutator(seed: seed &* 1_000_003 &+ UInt64(index))
      var files = samples
      files[index % files.count] = mutator.mutate(samples[index % files.count])
      do {
        try target.open(files)
        opened += 1
      } catch {
        let message = error.description
        guard let file = error.file, !file.isEmpty, !error.reason.isEmpty else {
          Issue.record("\(target.rawValue), seed \(seed), mutant \(index): \"\(message)\"")
          return
        }
      }
    }
    // Mutants that all open, or none, would test nothing.
    #expect(opened > count / 1000 && opened < count, "\(opened) of \(count) were read")
  }
}
