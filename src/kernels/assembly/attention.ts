// Attention forward, up to unitRows queries of one head a unit, four queries (a group) side by side.
//
//   scores of a group lie with the four queries of a key together (key-major, n × 4):
//
//     key 0: q0 q1 q2 q3 │ key 1: q0 q1 q2 q3 │ …        one vector a key: maximum, exp and sum run down the keys for
//                                                        four rows at once, and the block is already the left group of
//   K packed: keys as columns, panels of 8               the product with V
//   V packed: value numbers as columns, panels of 8
//
//   q·K → scale → soft-cap → mask → exp(x − maximum) / Σ → · V
//
// A unit's rows of scores are all that is ever there, never a square: memory is linear in the lengths. Tiles of keys that
// none of the four rows can see are skipped, unless their scores are asked for. Without packed keys (`packed` 0) a unit is one group: attentionThin.ts. Keeping a stage copies the block out, so both forms agree to the bit.
//
// Legend: see attentionTask.ts.
import { AttendTask, highOf, lowOf, packedSize, rowOf, up8 } from './attentionTask';
import { mixThin, scoreThin } from './attentionThin';
import { STRETCH, expStretch } from './exponent';
import { exp4, log, tanh4 } from './math';
import { packLeft, transpose4 } from './pack';
import { multiplyTile, multiplyTransposed } from './tile';

// @ts-ignore: decorator
@inline
const HIDDEN: f32 = f32.NEGATIVE_INFINITY;

/** What a group sees: whole tiles [from, to), and each row's own [low, high) as vectors. */
@unmanaged
class Sight {
  from: i32;
  to: i32;
  allFrom: i32; // from here
  allTo: i32; // to here every row sees every key
  low0: i32; low1: i32; low2: i32; low3: i32;
  high0: i32; high1: i32; high2: i32; high3: i32;
}

function look(s: Sight, t: AttendTask, b: i32, first: i32, rows: i32, everything: bool): void {
  const l0 = lowOf(t, b, first), l1 = lowOf(t, b, first + min(1, rows - 1)), l2 = lowOf(t, b, first + min(2, rows - 1)), l3 = lowOf(t, b, first + min(3, rows - 1));
  const h0 = highOf(t, b, first), h1 = highOf(t, b, first + min(1, rows - 1)), h2 = highOf(t, b, first + min(2, rows - 1)), h3 = highOf(t, b, first + min(3, rows - 1));
  s.low0 = l0; s.low1 = l1; s.low2 = l2; s.low3 = l3;
  s.high0 = h0; s.high1 = h1; s.high2 = h2; s.high3 = h3;
  s.allFrom = max(max(l0, l1), max(l2, l3));
  s.allTo = min(min(h0, h1), min(h2, h3));
  s.from = everything ? 0 : min(min(l0, l1), min(l2, l3)) & ~7;
  s.to = everything ? up8(t.keyLength) : max(s.from, up8(max(max(h0, h1), max(h2, h3))));
}

/**
 * Unit u: a block of queries of one head. Scratch, for each group: scores (N × 4), packed queries (s × 4), tiles of the
 * result (T × 4), a Sight of 64 bytes; then twice more N × 4, and that of expStretch.
 */
export function attend(u: i32, scratch: usize, at: usize): void {
  const t = changetype<AttendTask>(at);
  const n = t.keyLength, s = t.headSize, N = up8(n), T = up8(t.valueSize);
  const blocks = (t.queryLength + t.unitRows - 1) / t.unitRows;
  const b = u / (blocks * t.heads), h = (u / blocks) % t.heads, first = (u % blocks) * t.unitRows;
  const count = min(t.unitRows, t.queryLength - first);
  const groups = <usize>(count + 3) >> 2;
  const scored = t.dots | t.scores | t.maskedScores;

  const blockSize = <usize>N << 4, querySize = <usize>s << 4, mixedSize = <usize>T << 4;
  const queries = scratch + groups * blockSize;
  const mixed = queries + groups * querySize;
  const sights = mixed + groups * mixedSize;
  const aside = sights + (groups << 6);
  const turned = aside + blockSize;

  const keyHead = h * t.keyValueHeads / t.heads;
  if (!t.packed) {
    thin(t, scratch, queries, changetype<Sight>(sights), aside, b, h, keyHead, first, count);
    return;
  }
  const packedKey = t.packed + <usize>(b * t.keyValueHeads + keyHead) * packedSize(t);
  const packedValue = packedKey + ((<usize>N * s) << 2);
  const finite = load<f32>(packedKey + packedSize(t) - 16) == 1;

  let from = N, to = 0;
  for (let g: usize = 0; g < groups; g++) {
    const i = first + 4 * <i32>g;
    const sight = changetype<Sight>(sights + (g << 6));
    look(sight, t, b, i, min(4, count - 4 * <i32>g), scored != 0);
    from = min(from, sight.from);
    to = max(to, sight.to);
    packLeft(queries + g * querySize, rowOf(t.query, t.queryBatch, t.queryHead, t.queryRow, b, h, i), t.queryRow, 1, count - 4 * <i32>g, s);
  }
  for (let j = from; j < to; j += 8)
    for (let g: usize = 0; g < groups; g++) {
      const sight = changetype<Sight>(sights + (g << 6));
      if (sight.from > j || sight.to <= j) continue;
      multiplyTransposed(scratch + g * blockSize + (<usize>j << 4), queries + g * querySize, packedKey + ((<usize>j * s) << 2), s, t.scale);
    }
  for (let g: usize = 0; g < groups; g++) {
    const block = scratch + g * blockSize;
    weighGroup(t, changetype<Sight>(sights + (g << 6)), block, finite ? 0 : aside, turned, b, h, first + 4 * <i32>g, min(4, count - 4 * <i32>g));
    if (!finite) mixAside(t, changetype<Sight>(sights + (g << 6)), block, aside, b, h, keyHead, first + 4 * <i32>g, min(4, count - 4 * <i32>g));
  }
  if (finite) mix(t, scratch, packedValue, mixed, sights, b, h, first, count, from, min(to, n));
}

/** A group alone, with keys and values where they lie. */
function thin(t: AttendTask, block: usize, queries: usize, sight: Sight, aside: usize, b: i32, h: i32, keyHead: i32, first: i32, rows: i32): void {
  const n = t.keyLength;
  look(sight, t, b, first, rows, (t.dots | t.scores | t.maskedScores) != 0);
  const to = min(sight.to, n);
  packLeft(queries, rowOf(t.query, t.queryBatch, t.queryHead, t.queryRow, b, h, first), t.queryRow, 1, rows, t.headSize);
  scoreThin(block, queries, rowOf(t.key, t.keyBatch, t.keyHead, t.keyRow, b, keyHead, 0), t.keyRow, t.headSize, sight.from, to, rows, t.scale);
  if (sight.to > to) memory.fill(block + (<usize>to << 4), 0, <usize>(sight.to - to) << 4);
  weighGroup(t, sight, block, aside, aside + (<usize>up8(n) << 4), b, h, first, rows);
  let finite = true;
  for (let r = 0; r < rows; r++) {
    const out = rowOf(t.out, t.outBatch, t.outHead, t.outRow, b, h, first + r);
    const value = rowOf(t.value, t.valueBatch, t.valueHead, t.valueRow, b, keyHead, 0);
    if (!mixThin(out, block + (<usize>r << 2), value, t.valueRow, t.valueSize, sight.from, to)) finite = false;
  }
  if (!finite) mixAside(t, sight, block, aside, b, h, keyHead, first, rows);
}

/** Scores of a group to weights, in place: soft-cap, mask, softmax, keeping what is asked for. A copy of the masked scores goes `aside`, if there. */
function weighGroup(t: AttendTask, sight: Sight, block: usize, aside: usize, turned: usize, b: i32, h: i32, i: i32, rows: i32): void {
  const from = sight.from, to = sight.to;
  const nothing = f32x4.splat(0);
  const row = <usize>((b * t.heads + h) * t.queryLength + i);
  if (t.dots) keep(t, t.dots, row, block, rows, turned, from, to, nothing);
  if (t.softcap > 0) {
    const cap = f32x4.splat(t.softcap);
    for (let o = <usize>from << 4; o < <usize>to << 4; o += 16)
      v128.store(block + o, f32x4.mul(tanh4(f32x4.div(v128.load(block + o), cap)), cap));
  }
  if (t.scores) keep(t, t.scores, row, block, rows, turned, from, to, nothing);
  hide(t, sight, block, b, h, i, rows);
  if (t.maskedScores) keep(t, t.maskedScores, row, block, rows, turned, from, to, nothing);
  if (aside) memory.copy(aside + (<usize>from << 4), block + (<usize>from << 4), <usize>(to - from) << 4);
  const factor = softmaxGroup(block, from, to, t.logSumExp ? t.logSumExp + (row << 2) : 0, rows, turned + (<usize>up8(t.keyLength) << 4));
  if (t.weights) keep(t, t.weights, row, block, rows, turned, from, to, f32x4.mul(nothing, factor));
}

/** −∞ where a row cannot see, and the bias. Tiles that all rows see whole are left alone. */
function hide(t: AttendTask, sight: Sight, block: usize, b: i32, h: i32, i: i32, rows: i32): void {
  const hidden = f32x4.splat(HIDDEN);
  const low = v128.load(changetype<usize>(sight), 16), high = v128.load(changetype<usize>(sight), 32);
  for (let j = sight.from; j < sight.to; j++) {
    if (j == sight.allFrom && sight.allFrom < sight.allTo) j = sight.allTo;
    if (j >= sight.to) break;
    const key = i32x4.splat(j);
    const seen = v128.and(i32x4.le_s(low, key), i32x4.gt_s(high, key));
    const o = block + (<usize>j << 4);
    v128.store(o, v128.bitselect(v128.load(o), hidden, seen));
  }
  if (!t.bias) return;
  const end = min(sight.to, t.keyLength);
  for (let r = 0; r < rows; r++) {
    const bias = rowOf(t.bias, t.biasBatch, t.biasHead, t.biasRow, b, h, i + r);
    for (let j = sight.from; j < end; j++) {
      const o = block + (<usize>j << 4) + (<usize>r << 2);
      const x = load<f32>(o);
      if (x == HIDDEN) continue;
      const added = load<f32>(bias + ((<usize>j * t.biasColumn) << 2));
      store<f32>(o, added == HIDDEN ? HIDDEN : x + added);
    }
  }
}

/**
 * Softmax of each of the four rows over keys [from, to), in place; hidden keys become 0 (NaN where the row saw NaN or +∞).
 * Writes log Σ exp of `rows` rows, −∞ where all is hidden. Sums: see expRow in rows.ts, with the same bits. Returns 1 / Σ of each row.
 */
function softmaxGroup(block: usize, from: i32, to: i32, logSumExp: usize, rows: i32, aside: usize): v128 {
  const end = block + (<usize>to << 4);
  let m0 = f32x4.splat(HIDDEN), m1 = m0, m2 = m0, m3 = m0;
  for (let o = block + (<usize>from << 4); o < end; o += 64) {
    m0 = f32x4.max(m0, v128.load(o)); m1 = f32x4.max(m1, v128.load(o, 16));
    m2 = f32x4.max(m2, v128.load(o, 32)); m3 = f32x4.max(m3, v128.load(o, 48));
  }
  const largest = f32x4.max(f32x4.max(m0, m1), f32x4.max(m2, m3));
  const hidden = f32x4.splat(HIDDEN);
  // A row that sees nothing, NaN or ∞ takes the long way for its group.
  const usual = i32x4.all_true(f32x4.lt(f32x4.abs(largest), f32x4.splat(f32.POSITIVE_INFINITY)));
  let low = f64x2.splat(0), high = low;
  for (let j = from; j < to; ) {
    const stop = block + (<usize>min(to, (j & ~63) + 64) << 4);
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    if (usual) {
      expStretch(block + (<usize>j << 4), stop, largest, aside);
      for (let o = block + (<usize>j << 4); o < stop; o += 64) {
        s0 = f32x4.add(s0, v128.load(o)); s1 = f32x4.add(s1, v128.load(o, 16)); s2 = f32x4.add(s2, v128.load(o, 32)); s3 = f32x4.add(s3, v128.load(o, 48));
      }
    } else
      for (let o = block + (<usize>j << 4); o < stop; o += 64) {
        const e0 = expSeen4(v128.load(o), largest, hidden), e1 = expSeen4(v128.load(o, 16), largest, hidden);
        const e2 = expSeen4(v128.load(o, 32), largest, hidden), e3 = expSeen4(v128.load(o, 48), largest, hidden);
        v128.store(o, e0); v128.store(o, e1, 16); v128.store(o, e2, 32); v128.store(o, e3, 48);
        s0 = f32x4.add(s0, e0); s1 = f32x4.add(s1, e1); s2 = f32x4.add(s2, e2); s3 = f32x4.add(s3, e3);
      }
    const sum = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
    low = f64x2.add(low, f64x2.promote_low_f32x4(sum));
    high = f64x2.add(high, f64x2.promote_low_f32x4(i64x2.shuffle(sum, sum, 1, 1)));
    j = (j & ~63) + 64;
  }
  const one = f64x2.splat(1);
  const halves = i64x2.shuffle(f32x4.demote_f64x2_zero(f64x2.div(one, low)), f32x4.demote_f64x2_zero(f64x2.div(one, high)), 0, 2);
  const factor = v128.bitselect(f32x4.splat(0), halves, f32x4.eq(largest, hidden));
  for (let o = block + (<usize>from << 4); o < end; o += 32) {
    v128.store(o, f32x4.mul(v128.load(o), factor));
    v128.store(o, f32x4.mul(v128.load(o, 16), factor), 16);
  }
  if (!logSumExp) return factor;
  writeLog(logSumExp, f32x4.extract_lane(largest, 0), f64x2.extract_lane(low, 0));
  if (rows > 1) writeLog(logSumExp + 4, f32x4.extract_lane(largest, 1), f64x2.extract_lane(low, 1));
  if (rows > 2) writeLog(logSumExp + 8, f32x4.extract_lane(largest, 2), f64x2.extract_lane(high, 0));
  if (rows > 3) writeLog(logSumExp + 12, f32x4.extract_lane(largest, 3), f64x2.extract_lane(high, 1));
  return factor;
}

/** A hidden key stays out even of a row whose largest score is not finite: −∞ − NaN would be NaN. */
// @ts-ignore: decorator
@inline
function expSeen4(x: v128, largest: v128, hidden: v128): v128 {
  return v128.bitselect(f32x4.splat(0), exp4(f32x4.sub(x, largest)), f32x4.eq(x, hidden));
}

function writeLog(to: usize, largest: f32, sum: f64): void {
  store<f32>(to, largest == HIDDEN ? HIDDEN : largest + <f32>log(sum));
}

/**
 * Copies a group's block to rows of a kept square: turned in the cache first, so that memory sees one row after another. Keys
 * before `from` and after `to` are what `outside` has for each row, 0 or NaN.
 */
function keep(t: AttendTask, square: usize, row: usize, block: usize, rows: i32, turned: usize, from: i32, to: i32, outside: v128): void {
  const stride = <usize>up8(t.keyLength) << 2;
  const start = <usize>from << 2, end = min(<usize>to, <usize>t.keyLength) << 2;
  for (let o = start; o < <usize>to << 2; o += 16) {
    const four = block + (o << 2);
    transpose4(turned + o, stride, v128.load(four), v128.load(four, 16), v128.load(four, 32), v128.load(four, 48));
  }
  const width = <usize>t.keyLength << 2, aside = turned + 4 * stride;
  v128.store(aside, outside);
  for (let r: usize = 0; r < <usize>rows; r++) {
    const at = square + (row + r) * width, value = load<f32>(aside + (r << 2));
    memory.copy(at + start, turned + r * stride + start, end - start);
    fillWith(at, at + start, value);
    fillWith(at + end, at + width, value);
  }
}

function fillWith(from: usize, end: usize, value: f32): void {
  if (value == 0) memory.fill(from, 0, end - from);
  else for (; from < end; from += 4) store<f32>(from, value);
}

/** out = weights · V for all groups of a unit: 256 keys of one panel of V at a time (8 KiB, the L1 cache) for all groups. */
function mix(t: AttendTask, blocks: usize, packedValue: usize, mixed: usize, sights: usize, b: i32, h: i32, first: i32, count: i32, from: i32, to: i32): void {
  const n = t.keyLength, T = up8(t.valueSize), groups = <usize>(count + 3) >> 2;
  const blockSize = <usize>up8(n) << 4, mixedSize = <usize>T << 4;
  memory.fill(mixed, 0, groups * mixedSize);
  for (let k = from; k < to; k += 256)
    for (let c = 0; c < T; c += 8)
      for (let g: usize = 0; g < groups; g++) {
        const sight = changetype<Sight>(sights + (g << 6));
        const j = max(k, sight.from);
        const length = min(min(k + 256, to), sight.to) - j;
        if (length <= 0) continue;
        const tile = mixed + g * mixedSize + (<usize>c << 4);
        multiplyTile(tile, 32, tile, blocks + g * blockSize + (<usize>j << 4), packedValue + ((<usize>c * n + <usize>j * 8) << 2), length, 0);
      }
  for (let i = 0; i < count; i++) {
    const out = rowOf(t.out, t.outBatch, t.outHead, t.outRow, b, h, first + i);
    const row = mixed + <usize>(i >> 2) * mixedSize + <usize>((i & 3) << 5);
    for (let c = 0; c < t.valueSize; c += 8) memory.copy(out + (<usize>c << 2), row + (<usize>c << 4), <usize>min(8, t.valueSize - c) << 2);
  }
}

/** The same, one number at a time and hidden keys left out: for values that are not finite, which 0 would turn to NaN. */
function mixAside(t: AttendTask, sight: Sight, block: usize, scores: usize, b: i32, h: i32, keyHead: i32, i: i32, rows: i32): void {
  const to = min(sight.to, t.keyLength);
  for (let r = 0; r < rows; r++) {
    const out = rowOf(t.out, t.outBatch, t.outHead, t.outRow, b, h, i + r);
    for (let c = 0; c < t.valueSize; c++) {
      let sum: f32 = 0;
      for (let j = sight.from; j < to; j++) {
        const o = (<usize>j << 4) + (<usize>r << 2);
        if (load<f32>(scores + o) == HIDDEN) continue;
        sum += load<f32>(block + o) * load<f32>(rowOf(t.value, t.valueBatch, t.valueHead, t.valueRow, b, keyHead, j) + (<usize>c << 2));
      }
      store<f32>(out + (<usize>c << 2), sum);
    }
  }
}
