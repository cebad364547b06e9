// Numbers moved and set. Not by memory.copy and memory.fill: those are checked against what the engine takes for the memory's
// size, and V8 (Node 20) leaves a thread's instance with an older size for good when the memory grows while the thread
// starts, so that they trap there. Loads and stores are guarded by the memory itself and see its size.
// Sizes are in bytes, multiples of 4; what is read does not overlap what is written, unless both are the same.

export function copyNumbers(to: usize, from: usize, bytes: usize): void {
  const end = to + bytes, whole = to + (bytes & ~15);
  for (; to < whole; to += 16, from += 16) v128.store(to, v128.load(from));
  for (; to < end; to += 4, from += 4) store<f32>(to, load<f32>(from));
}

export function fillNumbers(to: usize, bytes: usize, value: f32): void {
  const end = to + bytes, whole = to + (bytes & ~15);
  const four = f32x4.splat(value);
  for (; to < whole; to += 16) v128.store(to, four);
  for (; to < end; to += 4) store<f32>(to, value);
}
