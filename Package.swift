// swift-tools-version: 6.2
import PackageDescription

/// Every Swift target is held to the same rules: Swift 6 mode, warnings are errors.
let strict: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let package = Package(
  name: "salmonn-omni",
  products: [
    .library(name: "SpeechModel", targets: ["SpeechModel"]),
    .library(name: "Kernels", targets: ["Kernels"]),
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
      swiftSettings: strict),

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
      name: "SpeechModelTests",
      dependencies: ["SpeechModel", "Kernels", "Checkpoints", "Tokenization", "TestSupport"],
      exclude: ["Goldens"], swiftSettings: strict),
  ],
  cLanguageStandard: .c11
)
