// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

func product(_ name: String) -> Target.Dependency { .product(name: name, package: "salmonn-omni") }

let package = Package(
  name: "Benchmarks",
  dependencies: [
    .package(name: "salmonn-omni", path: "../"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
  ],
  targets: [
    .executableTarget(
      name: "KernelBenchmarks", dependencies: [product("Kernels")], swiftSettings: strict),
    .target(name: "Measuring"),
    .executableTarget(
      name: "EdgeBenchmarks", dependencies: ["Measuring", product("Dataflow")],
      swiftSettings: strict),
    .executableTarget(
      name: "Latency",
      dependencies: [
        "Measuring", product("Duplex"), product("AudioIO"), product("Dataflow"),
        product("SpeechModel"), product("Kernels"), product("SessionView"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], swiftSettings: strict),
  ]
)
