import Foundation
import Kernels
import TestSupport
import Testing

/// Memory whose last page may not be read.
private final class GuardedPages: Sendable {
  nonisolated(unsafe) let memory: UnsafeMutableRawBufferPointer
  private let pages: Int

  init?(count: Int) {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let size = (count + page - 1) / page * page
    pages = size + page
    guard let start = mmap(nil, pages, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      start != MAP_FAILED, mprotect(start + size, page, PROT_NONE) == 0
    else { return nil }
    memory = UnsafeMutableRawBufferPointer(start: start + size - count, count: count)
  }

  deinit {
    let end = UInt(bitPattern: memory.baseAddress) + UInt(memory.count)
    let page = UInt(sysconf(Int32(_SC_PAGESIZE)))
    munmap(UnsafeMutableRawPointer(bitPattern: end + page - UInt(pages)), pages)
  }
}

@Suite struct WeightBoundsTests {
  // Reading one byte too many ends the process.
  @Test(arguments: KernelBackend.supported, ElementType.allCases)
  func `weights may end where memory ends`(backend: KernelBackend, type: ElementType) throws {
    let columns = type.blockElements == 1 ? [1, 31, 33, 95] : [type.blockElements, 3 * 256]
    for columns in columns + [type.blockElements * 7] {
      for rows in [1, 3, 6] {
        let weights = WeightMatrix.random(rows: rows, columns: columns, type: type, seed: 7)
        let pages = try #require(GuardedPages(count: weights.byteCount))
        pages.memory.copyMemory(from: weights.bytes)
        let atEnd = WeightMatrix(
          rows: rows, columns: columns, type: type,
          storage: WeightStorage(bytes: UnsafeRawBufferPointer(pages.memory), owner: pages))
        let compute = Compute(backend: backend)
        for batch in [1, 2, 3, 4, 17] {
          let x = activations(rows: batch, columns: columns)
          #expect(compute.linear(x, atEnd) == compute.linear(x, weights))
        }
      }
    }
  }

  @Test(arguments: KernelBackend.supported, ElementType.allCases)
  func `weights may lie at any address`(backend: KernelBackend, type: ElementType) {
    let columns = type.blockElements == 1 ? 70 : 256
    let weights = WeightMatrix.random(rows: 3, columns: columns, type: type, seed: 8)
    let storage = WeightStorage(count: weights.byteCount + 1) { memory in
      UnsafeMutableRawBufferPointer(rebasing: memory[1...]).copyMemory(from: weights.bytes)
    }
    let moved = WeightMatrix(
      rows: 3, columns: columns, type: type, storage: storage, byteOffset: 1)
    for batch in [2, 20] {
      let x = activations(rows: batch, columns: columns)
      let compute = Compute(backend: backend)
      // Single-precision weights at odd addresses do not go to OpenBLAS.
      let expected =
        type == .float32
        ? Compute(backend: .reference).linear(x, weights) : compute.linear(x, weights)
      #expect(compute.linear(x, moved) == expected)
    }
  }
}
