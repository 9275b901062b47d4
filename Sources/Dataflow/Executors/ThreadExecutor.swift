import Dispatch
import Glibc

/// A task executor with one named thread of its own.
///
/// Jobs run in the order in which they came. The thread lives until ``stop()``.
public final class ThreadExecutor: TaskExecutor {
  private struct Guarded {
    var jobs: [UnownedJob] = []
    var isParked = false
    var isStopping = false
    var hasEnded = false
    var thread: pthread_t?
  }

  /// The thread's name; the kernel shows its first 15 bytes.
  public let name: String
  private let guarded = Protected(Guarded())
  private let wakeup = DispatchSemaphore(value: 0)

  /// Starts the thread.
  ///
  /// - Parameter name: The name to show in a debugger and in `top -H`.
  public init(name: String) {
    self.name = name
    var thread = pthread_t()
    let context = Unmanaged.passRetained(self)
    let code = pthread_create(
      &thread, nil,
      { context in
        if let context {
          Unmanaged<ThreadExecutor>.fromOpaque(context).takeRetainedValue().runJobs()
        }
        return nil
      }, context.toOpaque())
    precondition(code == 0, "No thread could be started for \(name): error \(code)")
    guarded.withLock { $0.thread = thread }
  }

  /// Whether the caller is on this executor's thread.
  package var isCurrent: Bool {
    guard let thread = guarded.withLock({ $0.thread }) else { return false }
    return pthread_equal(thread, pthread_self()) != 0
  }

  /// Puts a job at the end of the line.
  ///
  /// - Parameter job: The job. After ``stop()`` it goes to the default pool, so that none is lost.
  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let (mustWake, isLate) = guarded.withLock { guarded in
      if guarded.hasEnded { return (false, true) }
      guarded.jobs.append(job)
      defer { guarded.isParked = false }
      return (guarded.isParked, false)
    }
    if isLate { globalConcurrentExecutor.enqueue(ExecutorJob(job)) }
    if mustWake { wakeup.signal() }
  }

  /// Runs what was put in line, ends the thread and waits for its end.
  ///
  /// - Important: Not on the thread itself. The second call does nothing.
  public func stop() {
    precondition(!isCurrent, "A thread cannot wait for its own end")
    let (thread, mustWake) = guarded.withLock { guarded in
      guarded.isStopping = true
      defer { guarded.isParked = false }
      return (guarded.thread.take(), guarded.isParked)
    }
    guard let thread else { return }
    if mustWake { wakeup.signal() }
    pthread_join(thread, nil)
  }

  private func runJobs() {
    nameThread(name)
    let executor = asUnownedTaskExecutor()
    var jobs: [UnownedJob] = []
    while true {
      let mustEnd = guarded.withLock { guarded in
        swap(&jobs, &guarded.jobs)
        guarded.isParked = jobs.isEmpty && !guarded.isStopping
        guarded.hasEnded = jobs.isEmpty && guarded.isStopping
        return guarded.hasEnded
      }
      if mustEnd { return }
      if jobs.isEmpty { wakeup.wait() }
      for job in jobs { job.runSynchronously(on: executor) }
      jobs.removeAll(keepingCapacity: true)
    }
  }
}

/// Names the calling thread; a system without procfs leaves it without a name.
private func nameThread(_ name: String) {
  let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
  guard file >= 0 else { return }
  let bytes = Array(name.utf8.prefix(15))
  _ = write(file, bytes, bytes.count)
  close(file)
}
