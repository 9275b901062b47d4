// swift-tools-version: 6.2
import Foundation
import PackageDescription

/// Every Swift target is held to the same rules: Swift 6 mode, warnings are errors.
let strict: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

/// The documentation plugin is resolved only on request: an ordinary build does not pay for it.
let documentation: [Package.Dependency] =
  ProcessInfo.processInfo.environment["OMNI_DOCS"] == nil
  ? [] : [.package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0")]

let package = Package(
  name: "salmonn-omni",
  products: [
    .library(name: "Duplex", targets: ["Duplex"]),
    .library(name: "AudioIO", targets: ["AudioIO"]),
    .library(name: "Dataflow", targets: ["Dataflow"]),
    .library(name: "SpeechModel", targets: ["SpeechModel"]),
    .library(name: "Kernels", targets: ["Kernels"]),
    .library(name: "SessionView", targets: ["SessionView"]),
    .executable(name: "omni", targets: ["DuplexCLI"]),
  ],
  dependencies: documentation + [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0")
  ],
  targets: [
    // Kernels: matrices and the operations that models need.
    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .target(name: "CKernels"),
    .target(name: "Kernels", dependencies: ["CKernels", "COpenBLAS"], swiftSettings: strict),

    // Checkpoints: model files on disk to named tensors.
    .target(name: "Checkpoints", dependencies: ["Kernels"], swiftSettings: strict),

    // Tokenization: text to token ids and back.
    .target(name: "Tokenization", dependencies: ["Checkpoints"], swiftSettings: strict),

    // SpeechModel: the streaming model, synchronous structs only.
    .target(
      name: "SpeechModel", dependencies: ["Kernels", "Checkpoints", "Tokenization"],
      resources: [.copy("Resources/nano")], swiftSettings: strict),

    // Dataflow: bounded edges, stages and what runs them; no audio, no model.
    .target(name: "Dataflow", swiftSettings: strict),

    // AudioIO: sound files and sound devices to blocks and back.
    .systemLibrary(
      name: "CSndFile", pkgConfig: "sndfile", providers: [.apt(["libsndfile1-dev"])]),
    .systemLibrary(
      name: "CSampleRate", pkgConfig: "samplerate", providers: [.apt(["libsamplerate0-dev"])]),
    // Without pkg-config, whose -pthread for libpulse draws a warning at every build.
    .systemLibrary(name: "CPulse", providers: [.apt(["libpulse-dev"])]),
    .target(
      name: "AudioIO", dependencies: ["Dataflow", "CSndFile", "CSampleRate", "CPulse"],
      swiftSettings: strict),

    // Duplex: the runtime. Its folder reads as the dataflow.
    .target(
      name: "Duplex",
      dependencies: [
        "AudioIO", "Dataflow", "SpeechModel", "Tokenization", "Checkpoints", "Kernels",
      ],
      swiftSettings: strict),

    // SeededModels: whole models with random weights, to measure and test with.
    .target(
      name: "SeededModels", dependencies: ["SpeechModel", "Checkpoints", "Kernels"],
      swiftSettings: strict),

    // SessionView: pictures of recorded sessions and of latencies.
    .systemLibrary(name: "CCairo", pkgConfig: "cairo", providers: [.apt(["libcairo2-dev"])]),
    .target(name: "SessionView", dependencies: ["CCairo", "Dataflow"], swiftSettings: strict),

    // Scenarios: scripted conversations with labels, for training and for evaluation.
    .target(
      name: "Scenarios", dependencies: ["Dataflow"], resources: [.copy("Resources")],
      swiftSettings: strict),

    // Evaluation: a model in scripted conversations, and what is measured there.
    .target(
      name: "Evaluation", dependencies: ["Duplex", "AudioIO", "Dataflow", "Scenarios"],
      swiftSettings: strict),

    // The commands, which start without OpenBLAS's threads.
    .target(name: "CStartup"),
    .executableTarget(
      name: "DuplexCLI",
      dependencies: [
        "CStartup", "Duplex", "AudioIO", "Dataflow", "Evaluation", "Scenarios", "SessionView",
        "SeededModels", "SpeechModel", "Checkpoints", "Kernels",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], swiftSettings: strict),

    // Tools: a model of the full shape with random weights, to measure with.
    .executableTarget(
      name: "make-model",
      dependencies: [
        "CStartup", "SeededModels", "Kernels",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], path: "Tools/make-model", swiftSettings: strict),

    // Tools: banks of voices and corpora of conversations.
    .executableTarget(
      name: "make-corpus",
      dependencies: [
        "Scenarios", "Dataflow", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], path: "Tools/make-corpus", swiftSettings: strict),

    // Tests.
    .target(
      name: "TestSupport", dependencies: ["Kernels", "Checkpoints"], path: "Tests/Support",
      swiftSettings: strict),
    .testTarget(
      name: "KernelsTests", dependencies: ["Kernels", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "CheckpointsTests", dependencies: ["Checkpoints", "Kernels", "TestSupport"],
      exclude: ["Goldens"], swiftSettings: strict),
    .testTarget(
      name: "TokenizationTests", dependencies: ["Tokenization", "Checkpoints", "TestSupport"],
      exclude: ["Goldens"], swiftSettings: strict),
    .testTarget(
      name: "DataflowTests", dependencies: ["Dataflow", "TestSupport"], swiftSettings: strict),
    .target(
      name: "AudioTestSupport", dependencies: ["Dataflow"], path: "Tests/AudioSupport",
      swiftSettings: strict),
    .testTarget(
      name: "AudioIOTests", dependencies: ["AudioIO", "Dataflow", "AudioTestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "DuplexTests",
      dependencies: [
        "Duplex", "AudioIO", "Dataflow", "SpeechModel", "SeededModels", "Checkpoints", "Kernels",
        "TestSupport", "AudioTestSupport",
      ], swiftSettings: strict),
    .testTarget(
      name: "SessionViewTests", dependencies: ["SessionView", "CCairo", "Dataflow"],
      swiftSettings: strict),
    .testTarget(
      name: "ScenariosTests", dependencies: ["Scenarios", "Dataflow"], swiftSettings: strict),
    .testTarget(
      name: "EvaluationTests",
      dependencies: [
        "Evaluation", "Duplex", "AudioIO", "Dataflow", "Scenarios", "SeededModels", "SpeechModel",
        "Kernels",
      ], exclude: ["Goldens"], swiftSettings: strict),
    .testTarget(
      name: "SpeechModelTests",
      dependencies: ["SpeechModel", "Kernels", "Checkpoints", "Tokenization", "TestSupport"],
      exclude: ["Goldens"], swiftSettings: strict),
  ],
  cLanguageStandard: .c11
)
