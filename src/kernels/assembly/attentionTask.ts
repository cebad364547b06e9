// What attention works on, for both directions; written by ../wasm-attention.ts in this order.
//
// Legend: b batch, h head, i query, j key, s head size, t value size, n keys; N = n and T = t rounded up to 8.
import { packGroups } from './pack';

/** Strides and sizes count numbers; pointers are 0 where there is nothing. */
@unmanaged
export class AttendTask {
  batch: i32;
  heads: i32;
  keyValueHeads: i32;
  queryLength: i32;
  keyLength: i32;
  headSize: i32;
  valueSize: i32;
  left: i32;
  right: i32;
  query: usize; queryBatch: i32; queryHead: i32; queryRow: i32;
  key: usize; keyBatch: i32; keyHead: i32; keyRow: i32;
  value: usize; valueBatch: i32; valueHead: i32; valueRow: i32;
  out: usize; outBatch: i32; outHead: i32; outRow: i32;
  bias: usize; biasBatch: i32; biasHead: i32; biasRow: i32; biasColumn: i32;
  keyLengths: usize; // (batch)
  offsets: usize; // (batch)
  logSumExp: usize;
  dots: usize;
  scores: usize;
  maskedScores: usize;
  weights: usize;
  packed: usize; // for each batch item and key head: groups of K (N × s) and of V (T × n), 4 numbers of which the first is 1 when V is finite
  slope: usize; slopeBatch: i32; slopeHead: i32; slopeRow: i32; // outGradient
  queryGradient: usize; queryGradientBatch: i32; queryGradientHead: i32; queryGradientRow: i32;
  keyGradient: usize; keyGradientBatch: i32; keyGradientHead: i32; keyGradientRow: i32;
  valueGradient: usize; valueGradientBatch: i32; valueGradientHead: i32; valueGradientRow: i32;
  scale: f32;
  softcap: f32;
}

// @ts-ignore: decorator
@inline
export function up8(count: i32): i32 {
  return (count + 7) & ~7;
}

// @ts-ignore: decorator
@inline
export function up4(count: i32): i32 {
  return (count + 3) & ~3;
}

/** Where row i of head h of batch item b lies. */
// @ts-ignore: decorator
@inline
export function rowOf(x: usize, batch: i32, head: i32, row: i32, b: i32, h: i32, i: i32): usize {
  return x + ((<usize>b * batch + <usize>h * head + <usize>i * row) << 2);
}

/** Bytes of one batch item's and key head's packed keys and values. */
// @ts-ignore: decorator
@inline
export function packedSize(t: AttendTask): usize {
  return (<usize>up8(t.keyLength) * t.headSize + <usize>up8(t.valueSize) * t.keyLength + 4) << 2;
}

/** Unit u: packs the keys of one key head of one batch item as groups of 4 keys, its values as groups of 4 numbers of all keys. */
export function packHeads(u: i32, scratch: usize, at: usize): void {
  const t = changetype<AttendTask>(at);
  const b = u / t.keyValueHeads, h = u % t.keyValueHeads;
  const to = t.packed + <usize>u * packedSize(t);
  const value = rowOf(t.value, t.valueBatch, t.valueHead, t.valueRow, b, h, 0);
  packGroups(to, rowOf(t.key, t.keyBatch, t.keyHead, t.keyRow, b, h, 0), t.keyRow, 1, t.keyLength, t.headSize);
  packGroups(to + ((<usize>up8(t.keyLength) * t.headSize) << 2), value, 1, t.valueRow, t.valueSize, t.keyLength);
  store<f32>(to + packedSize(t) - 16, finiteRows(value, t.valueRow, t.keyLength, t.valueSize) ? 1 : 0);
}

/** Whether every number of `count` rows of `width` is finite. */
export function finiteRows(x: usize, row: i32, count: i32, width: i32): bool {
  // x − x is 0 for a finite number and NaN for any other; sums of them keep a NaN.
  let seen = f32x4.splat(0);
  let rest: f32 = 0;
  for (let i = 0; i < count; i++) {
    const from = x + ((<usize>i * row) << 2);
    let c = 0;
    for (; c + 4 <= width; c += 4) {
      const y = v128.load(from + (<usize>c << 2));
      seen = f32x4.add(seen, f32x4.sub(y, y));
    }
    for (; c < width; c++) {
      const y = load<f32>(from + (<usize>c << 2));
      rest += y - y;
    }
  }
  return rest == 0 && i32x4.all_true(f32x4.eq(seen, f32x4.splat(0)));
}

/** Positions and sizes of what query row i of batch item b sees: keys [low, high). */
// @ts-ignore: decorator
@inline
export function lowOf(t: AttendTask, b: i32, i: i32): i32 {
  const position = i + (t.offsets ? load<i32>(t.offsets + (<usize>b << 2)) : 0);
  return t.left < 0 ? 0 : min(counted(t, b), max(0, position - t.left));
}

// @ts-ignore: decorator
@inline
export function highOf(t: AttendTask, b: i32, i: i32): i32 {
  const position = i + (t.offsets ? load<i32>(t.offsets + (<usize>b << 2)) : 0);
  return t.right < 0 ? counted(t, b) : max(0, min(counted(t, b), position + t.right + 1));
}

// @ts-ignore: decorator
@inline
function counted(t: AttendTask, b: i32): i32 {
  return max(0, min(t.keyLength, t.keyLengths ? load<i32>(t.keyLengths + (<usize>b << 2)) : t.keyLength));
}

/** What up to 8 queries see: whole tiles [from, to), and each row's own [low, high), as 8 whole numbers each. */
@unmanaged
export class Sight {
  from: i32;
  to: i32;
  allFrom: i32; // from here
  allTo: i32; // to here every row sees every key
}
// @ts-ignore: decorator
@inline
export const LOW: usize = 16;
// @ts-ignore: decorator
@inline
export const HIGH: usize = 48;
// @ts-ignore: decorator
@inline
export const SIGHT: usize = 80;

/** Notes what the `rows` queries from `first` on see; rows beyond see what the last does. */
export function look(s: Sight, t: AttendTask, b: i32, first: i32, rows: i32, everything: bool): void {
  let from = t.keyLength, to = 0, allFrom = 0, allTo = t.keyLength;
  for (let r = 0; r < 8; r++) {
    const low = lowOf(t, b, first + min(r, rows - 1)), high = highOf(t, b, first + min(r, rows - 1));
    const at = changetype<usize>(s) + (<usize>r << 2);
    store<i32>(at + LOW, low);
    store<i32>(at + HIGH, high);
    from = min(from, low);
    to = max(to, high);
    allFrom = max(allFrom, low);
    allTo = min(allTo, high);
  }
  s.allFrom = allFrom;
  s.allTo = allTo;
  s.from = everything ? 0 : from & ~3;
  s.to = up4(everything ? t.keyLength : max(s.from, to));
}
