import CKernels

/// The instruction set that the kernels use.
///
/// All backends add in the same order and give the same bits, except that the products of
/// single-precision weights with many rows, and of two matrices, are those of OpenBLAS on all but
/// ``reference``.
public enum KernelBackend: String, CaseIterable, Sendable {
  /// Plain Swift, slow: the ground truth that the others are tested against.
  case reference
  /// C without special instructions.
  case portable
  /// AVX2 with FMA and F16C.
  case avx2
  /// AVX-512 (F, BW, VL, DQ) with VNNI.
  case avx512
  /// NEON, on aarch64.
  case neon

  /// Whether this processor can run the backend.
  public var isSupported: Bool {
    guard let native else { return true }
    return ck_supported(native)
  }

  /// The backends that this processor can run, in order of declaration.
  public static let supported: [KernelBackend] = allCases.filter(\.isSupported)

  /// The fastest backend that this processor can run.
  public static let best: KernelBackend = supported.last ?? .portable

  /// The backend's number in C; nil for the one in Swift.
  var native: ck_backend? {
    switch self {
    case .reference: nil
    case .portable: CK_PORTABLE
    case .avx2: CK_AVX2
    case .avx512: CK_AVX512
    case .neon: CK_NEON
    }
  }
}

extension ElementType {
  /// The format's number in C.
  var native: ck_type {
    switch self {
    case .float32: CK_F32
    case .float16: CK_F16
    case .bfloat16: CK_BF16
    case .q8_0: CK_Q8_0
    case .q4_0: CK_Q4_0
    case .q4_K: CK_Q4_K
    case .q5_K: CK_Q5_K
    case .q6_K: CK_Q6_K
    }
  }
}
