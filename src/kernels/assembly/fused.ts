// The one line in which the two builds of the kernels differ: `a · b + sum` rounded twice, or once where the engine has fused
// products (relaxed SIMD) and the caller asked for them.

// @ts-ignore: decorator
@inline
export function mulAdd(sum: v128, a: v128, b: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(a, b, sum) : f32x4.add(sum, f32x4.mul(a, b));
}
