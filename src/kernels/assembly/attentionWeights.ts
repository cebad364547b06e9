// Scores of a group to weights, in place.
//
// `step` bytes a key: 32 where eight queries lie side by side, 16 where four do. Each query's numbers come out the same both ways.
//
//   soft-cap → mask → exp(x − maximum) / Σ, keeping what is asked for
//
// Legend: see attentionTask.ts.
import { AttendTask, HIGH, LOW, Sight, rowOf, up8 } from './attentionTask';
import { copyNumbers, fillNumbers } from './copy';
import { STRETCH, expStretch } from './exponent';
import { exp4, log, tanh4 } from './math';
import { transpose4 } from './pack';
import { ZEROS } from './tile';

// @ts-ignore: decorator
@inline
const HIDDEN: f32 = f32.NEGATIVE_INFINITY;

/**
 * Soft-cap, mask and softmax of `rows` rows of a block, keeping what is asked for. A copy of the masked scores goes `aside`, if there.
 * `turned`: room for 4 × N numbers, those of expStretch, and 8 more.
 */
export function weighGroup(t: AttendTask, sight: Sight, block: usize, step: usize, aside: usize, turned: usize, b: i32, h: i32, i: i32, rows: i32): void {
  const from = sight.from, to = sight.to;
  const first = block + <usize>from * step, end = block + <usize>to * step;
  const row = <usize>((b * t.heads + h) * t.queryLength + i);
  const scratch = turned + (<usize>up8(t.keyLength) << 4), factors = scratch + 2 * STRETCH;
  if (t.dots) keep(t, t.dots, row, block, step, rows, turned, from, to, ZEROS);
  if (t.softcap > 0) {
    const cap = f32x4.splat(t.softcap);
    for (let o = first; o < end; o += 16) v128.store(o, f32x4.mul(tanh4(f32x4.div(v128.load(o), cap)), cap));
  }
  if (t.scores) keep(t, t.scores, row, block, step, rows, turned, from, to, ZEROS);
  hide(t, sight, block, step, b, h, i, rows);
  if (t.maskedScores) keep(t, t.maskedScores, row, block, step, rows, turned, from, to, ZEROS);
  if (aside) copyNumbers(aside + <usize>from * step, first, end - first);
  softmaxGroup(block, step, from, to, t.logSumExp ? t.logSumExp + (row << 2) : 0, rows, scratch, factors);
  // What a hidden key has: 0, or NaN where the row is.
  for (let o = factors; o < factors + step; o += 16) v128.store(o, f32x4.mul(v128.load(o), f32x4.splat(0)));
  if (t.weights) keep(t, t.weights, row, block, step, rows, turned, from, to, factors);
}

/** −∞ where a row cannot see, and the bias. Tiles that all rows see whole are left alone. */
function hide(t: AttendTask, sight: Sight, block: usize, step: usize, b: i32, h: i32, i: i32, rows: i32): void {
  const hidden = f32x4.splat(HIDDEN);
  for (let half: usize = 0; half < step; half += 16) {
    const low = v128.load(changetype<usize>(sight) + half, LOW), high = v128.load(changetype<usize>(sight) + half, HIGH);
    for (let j = sight.from; j < sight.to; j++) {
      if (j == sight.allFrom && sight.allFrom < sight.allTo) j = sight.allTo;
      if (j >= sight.to) break;
      const key = i32x4.splat(j);
      const seen = v128.and(i32x4.le_s(low, key), i32x4.gt_s(high, key));
      const o = block + <usize>j * step + half;
      v128.store(o, v128.bitselect(v128.load(o), hidden, seen));
    }
  }
  if (!t.bias) return;
  const end = min(sight.to, t.keyLength);
  for (let r = 0; r < rows; r++) {
    const bias = rowOf(t.bias, t.biasBatch, t.biasHead, t.biasRow, b, h, i + r);
    for (let j = sight.from; j < end; j++) {
      const o = block + <usize>j * step + (<usize>r << 2);
      const x = load<f32>(o);
      if (x == HIDDEN) continue;
      const added = load<f32>(bias + ((<usize>j * t.biasColumn) << 2));
      store<f32>(o, added == HIDDEN ? HIDDEN : x + added);
    }
  }
}

/**
 * Softmax of each row over keys [from, to), in place; hidden keys become 0 (NaN where the row saw NaN or +∞). Writes log Σ exp of
 * `rows` rows, −∞ where all is hidden, and 1 / Σ of each row to `factors`. Sums: see expRow in rows.ts, with the same bits.
 */
function softmaxGroup(block: usize, step: usize, from: i32, to: i32, logSumExp: usize, rows: i32, scratch: usize, factors: usize): void {
  const first = block + <usize>from * step, end = block + <usize>to * step;
  const eight = step == 32;
  const largest = largestFour(first, end, step), other = eight ? largestFour(first + 16, end, step) : largest;
  const infinity = f32x4.splat(f32.POSITIVE_INFINITY);
  // A row that sees nothing, NaN or ∞ takes the long way for its group.
  const usual = i32x4.all_true(f32x4.lt(f32x4.max(f32x4.abs(largest), f32x4.abs(other)), infinity));
  let low = f64x2.splat(0), high = low, otherLow = low, otherHigh = low;
  for (let j = from; j < to; ) {
    const start = block + <usize>j * step;
    j = (j & ~63) + 64;
    const stop = block + <usize>min(to, j) * step;
    if (usual) for (let o = start; o < stop; o += STRETCH) expStretch(o, min(stop, o + STRETCH), largest, other, scratch);
    else
      for (let o = start; o < stop; o += 32) {
        v128.store(o, expSeen4(v128.load(o), largest));
        v128.store(o, expSeen4(v128.load(o, 16), other), 16);
      }
    let sum = sumFour(start, stop, step);
    low = f64x2.add(low, f64x2.promote_low_f32x4(sum));
    high = f64x2.add(high, f64x2.promote_low_f32x4(i64x2.shuffle(sum, sum, 1, 1)));
    if (!eight) continue;
    sum = sumFour(start + 16, stop, step);
    otherLow = f64x2.add(otherLow, f64x2.promote_low_f32x4(sum));
    otherHigh = f64x2.add(otherHigh, f64x2.promote_low_f32x4(i64x2.shuffle(sum, sum, 1, 1)));
  }
  const factor = inverse(low, high, largest), second = eight ? inverse(otherLow, otherHigh, other) : factor;
  for (let o = first; o < end; o += 32) {
    v128.store(o, f32x4.mul(v128.load(o), factor));
    v128.store(o, f32x4.mul(v128.load(o, 16), second), 16);
  }
  v128.store(factors, factor);
  v128.store(factors, second, 16);
  if (!logSumExp) return;
  writeLogs(logSumExp, largest, low, high, rows);
  if (rows > 4) writeLogs(logSumExp + 16, other, otherLow, otherHigh, rows - 4);
}

/** The largest of each of four rows; NaN where one is NaN. pmax is one instruction, where max is eight, but passes NaN over. */
function largestFour(from: usize, end: usize, step: usize): v128 {
  let m0 = f32x4.splat(HIDDEN), m1 = m0, m2 = m0, m3 = m0, numbers = i32x4.splat(-1);
  for (let o = from; o < end; o += 4 * step) {
    const x0 = v128.load(o), x1 = v128.load(o + step), x2 = v128.load(o + 2 * step), x3 = v128.load(o + 3 * step);
    m0 = f32x4.pmax(m0, x0); m1 = f32x4.pmax(m1, x1);
    m2 = f32x4.pmax(m2, x2); m3 = f32x4.pmax(m3, x3);
    numbers = v128.and(numbers, v128.and(v128.and(f32x4.eq(x0, x0), f32x4.eq(x1, x1)), v128.and(f32x4.eq(x2, x2), f32x4.eq(x3, x3))));
  }
  return v128.or(f32x4.pmax(f32x4.pmax(m0, m1), f32x4.pmax(m2, m3)), v128.not(numbers));
}

/** The sum of each of four rows. */
function sumFour(from: usize, end: usize, step: usize): v128 {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  for (let o = from; o < end; o += 4 * step) {
    s0 = f32x4.add(s0, v128.load(o)); s1 = f32x4.add(s1, v128.load(o + step));
    s2 = f32x4.add(s2, v128.load(o + 2 * step)); s3 = f32x4.add(s3, v128.load(o + 3 * step));
  }
  return f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
}

/** 1 / Σ of four rows; 0 for those that see nothing. */
function inverse(low: v128, high: v128, largest: v128): v128 {
  const one = f64x2.splat(1);
  const halves = i64x2.shuffle(f32x4.demote_f64x2_zero(f64x2.div(one, low)), f32x4.demote_f64x2_zero(f64x2.div(one, high)), 0, 2);
  return v128.bitselect(f32x4.splat(0), halves, f32x4.eq(largest, f32x4.splat(HIDDEN)));
}

/** A hidden key stays out even of a row whose largest score is not finite: −∞ − NaN would be NaN. */
// @ts-ignore: decorator
@inline
function expSeen4(x: v128, largest: v128): v128 {
  return v128.bitselect(f32x4.splat(0), exp4(f32x4.sub(x, largest)), f32x4.eq(x, f32x4.splat(HIDDEN)));
}

function writeLogs(to: usize, largest: v128, low: v128, high: v128, rows: i32): void {
  writeLog(to, f32x4.extract_lane(largest, 0), f64x2.extract_lane(low, 0));
  if (rows > 1) writeLog(to + 4, f32x4.extract_lane(largest, 1), f64x2.extract_lane(low, 1));
  if (rows > 2) writeLog(to + 8, f32x4.extract_lane(largest, 2), f64x2.extract_lane(high, 0));
  if (rows > 3) writeLog(to + 12, f32x4.extract_lane(largest, 3), f64x2.extract_lane(high, 1));
}

function writeLog(to: usize, largest: f32, sum: f64): void {
  store<f32>(to, largest == HIDDEN ? HIDDEN : largest + <f32>log(sum));
}

/**
 * Copies a group's block to rows of a kept square: turned in the cache first, so that memory sees one row after another. Keys
 * before `from` and after `to` are what `outside` has for each row, 0 or NaN.
 */
function keep(t: AttendTask, square: usize, row: usize, block: usize, step: usize, rows: i32, turned: usize, from: i32, to: i32, outside: usize): void {
  const stride = <usize>up8(t.keyLength) << 2, width = <usize>t.keyLength << 2;
  const start = <usize>from << 2, end = min(<usize>to << 2, width);
  for (let r = 0; r < rows; r++) {
    if ((r & 3) == 0)
      for (let j = from; j < to; j += 4) {
        const four = block + <usize>j * step + (<usize>r << 2);
        transpose4(turned + (<usize>j << 2), stride, v128.load(four), v128.load(four + step), v128.load(four + 2 * step), v128.load(four + 3 * step));
      }
    const at = square + (row + <usize>r) * width, value = load<f32>(outside + (<usize>r << 2));
    copyNumbers(at + start, turned + <usize>(r & 3) * stride + start, end - start);
    fillNumbers(at, start, value);
    fillNumbers(at + end, width - end, value);
  }
}
