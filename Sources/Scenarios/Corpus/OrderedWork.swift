/// Does numbered pieces of work, several at a time, and hands over their results in order.
package func inOrder<Result: Sendable>(
  _ count: Int, jobs: Int, work: @escaping @Sendable (Int) async throws -> Result,
  take: (Int, Result) async throws -> Void
) async throws {
  try await withThrowingTaskGroup(of: (Int, Result).self) { group in
    var (started, wanted) = (0, 0)
    var waiting: [Int: Result] = [:]
    func start() {
      guard started < count else { return }
      let index = started
      started += 1
      group.addTask { (index, try await work(index)) }
    }
    for _ in 0..<max(1, jobs) { start() }
    while let (index, result) = try await group.next() {
      waiting[index] = result
      while let next = waiting.removeValue(forKey: wanted) {
        try await take(wanted, next)
        wanted += 1
      }
      start()
    }
  }
}
