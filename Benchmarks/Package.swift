// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "Benchmarks",
  dependencies: [.package(name: "salmonn-omni", path: "../")],
  targets: [
    .executableTarget(
      name: "KernelBenchmarks",
      dependencies: [.product(name: "Kernels", package: "salmonn-omni")],
      swiftSettings: [.treatAllWarnings(as: .error)])
  ]
)
