// Attention forward, eight queries of one head a unit.
//
//   scores lie with the eight queries of a key together (key-major, n × 8):
//
//     key 0: q0 … q7 │ key 1: q0 … q7 │ …       two vectors a key: maximum, exp and sum run down the keys for all rows at
//                                               once, and the block is already the right panel of the product with V
//   K packed: groups of 4 keys (s × 4)          tile: 4 keys × 8 queries
//   V packed: groups of 4 numbers (n × 4)       tile: 4 numbers of the result × 8 queries, turned when all keys are in
//
//   K·q → scale → attentionWeights.ts → V·
//
// A unit's rows of scores are all that is ever there, never a square: memory is linear in the lengths, and up to some thousand keys
// they stay in the cache while keys and values pass by. Tiles of keys that none of the rows can see are skipped, unless their scores
// are asked for. Up to four queries take keys and values where they lie (`packed` 0): attentionThin.ts. Keeping a stage copies the
// block out, so both forms agree to the bit.
//
// Legend: see attentionTask.ts.
import { AttendTask, SIGHT, Sight, look, packedSize, rowOf, up8 } from './attentionTask';
import { mixThin, scoreThin } from './attentionThin';
import { weighGroup } from './attentionWeights';
import { fillNumbers } from './copy';
import { packLeft, packPanel, transpose4 } from './pack';
import { multiplyScaled, multiplyTile } from './tile';

// @ts-ignore: decorator
@inline
const HIDDEN: f32 = f32.NEGATIVE_INFINITY;

/**
 * Unit u: eight queries of one head. Scratch: scores (N × 8), packed queries (s × 8), tiles of the result (T × 8), a Sight; then
 * N × 8 for scores aside, and that of weighGroup.
 */
export function attend(u: i32, scratch: usize, at: usize): void {
  const t = changetype<AttendTask>(at);
  const s = t.headSize, N = up8(t.keyLength);
  const groups = (t.queryLength + 7) >> 3;
  const b = u / (groups * t.heads), h = (u / groups) % t.heads, i = (u % groups) << 3;
  const rows = min(8, t.queryLength - i);
  const keyHead = h * t.keyValueHeads / t.heads;
  const queries = scratch + (<usize>N << 5);
  const mixed = queries + (<usize>s << 5);
  const sight = changetype<Sight>(mixed + (<usize>up8(t.valueSize) << 5));
  const aside = changetype<usize>(sight) + SIGHT;
  look(sight, t, b, i, rows, (t.dots | t.scores | t.maskedScores) != 0);
  if (!t.packed) {
    thin(t, scratch, queries, sight, aside, b, h, keyHead, i, rows);
    return;
  }
  const packedKey = t.packed + <usize>(b * t.keyValueHeads + keyHead) * packedSize(t);
  const packedValue = packedKey + ((<usize>N * s) << 2);
  const finite = load<f32>(packedKey + packedSize(t) - 16) == 1;
  packPanel(queries, rowOf(t.query, t.queryBatch, t.queryHead, t.queryRow, b, h, i), 1, t.queryRow, s, rows);
  for (let j = sight.from; j < sight.to; j += 4)
    multiplyScaled(scratch + (<usize>j << 5), 32, packedKey + ((<usize>j * s) << 2), queries, s, t.scale);
  weighGroup(t, sight, scratch, 32, finite ? 0 : aside, aside + (<usize>N << 5), b, h, i, rows);
  if (finite) mix(t, sight, scratch, packedValue, mixed, b, h, i, rows);
  else mixAside(t, sight, scratch, 32, aside, b, h, keyHead, i, rows);
}

/** Up to four queries, with keys and values where they lie. */
function thin(t: AttendTask, block: usize, queries: usize, sight: Sight, aside: usize, b: i32, h: i32, keyHead: i32, first: i32, rows: i32): void {
  const n = t.keyLength, to = min(sight.to, n);
  packLeft(queries, rowOf(t.query, t.queryBatch, t.queryHead, t.queryRow, b, h, first), t.queryRow, 1, rows, t.headSize);
  scoreThin(block, queries, rowOf(t.key, t.keyBatch, t.keyHead, t.keyRow, b, keyHead, 0), t.keyRow, t.headSize, sight.from, to, rows, t.scale);
  if (sight.to > to) fillNumbers(block + (<usize>to << 4), <usize>(sight.to - to) << 4, 0);
  weighGroup(t, sight, block, 16, aside, aside + (<usize>up8(n) << 4), b, h, first, rows);
  let finite = true;
  for (let r = 0; r < rows; r++) {
    const out = rowOf(t.out, t.outBatch, t.outHead, t.outRow, b, h, first + r);
    const value = rowOf(t.value, t.valueBatch, t.valueHead, t.valueRow, b, keyHead, 0);
    if (!mixThin(out, block + (<usize>r << 2), value, t.valueRow, t.valueSize, sight.from, to)) finite = false;
  }
  if (!finite) mixAside(t, sight, block, 16, aside, b, h, keyHead, first, rows);
}

/** out = weights · V: 512 keys of the block at a time (16 KiB, half of the L1 cache), for all numbers of the result. */
function mix(t: AttendTask, sight: Sight, block: usize, packedValue: usize, mixed: usize, b: i32, h: i32, i: i32, rows: i32): void {
  const n = t.keyLength, to = min(sight.to, n);
  fillNumbers(mixed, <usize>up8(t.valueSize) << 5, 0);
  for (let j = sight.from; j < to; j += 512)
    for (let c = 0; c < t.valueSize; c += 4) {
      const tile = mixed + (<usize>c << 5);
      multiplyTile(tile, 32, tile, packedValue + ((<usize>c * n + <usize>j * 4) << 2), block + (<usize>j << 5), min(512, to - j), 0);
    }
  for (let r = 0; r < rows; r += 4)
    turn(rowOf(t.out, t.outBatch, t.outHead, t.outRow, b, h, i + r), <usize>t.outRow << 2, mixed + (<usize>r << 2), min(4, rows - r), t.valueSize);
}

/** Rows (`rows` × `width`) at `to` from columns at `from`, 32 bytes a row. */
function turn(to: usize, step: usize, from: usize, rows: i32, width: i32): void {
  for (let c = 0; c < width; c += 4, to += 16, from += 128) {
    if (rows == 4 && c + 4 <= width) transpose4(to, step, v128.load(from), v128.load(from, 32), v128.load(from, 64), v128.load(from, 96));
    else
      for (let r: usize = 0; r < <usize>rows; r++)
        for (let d: usize = 0; d < <usize>min(4, width - c); d++) store<f32>(to + r * step + (d << 2), load<f32>(from + (d << 5) + (r << 2)));
  }
}

/** The same, one number at a time and hidden keys left out: for values that are not finite, which 0 would turn to NaN. */
function mixAside(t: AttendTask, sight: Sight, block: usize, step: usize, scores: usize, b: i32, h: i32, keyHead: i32, i: i32, rows: i32): void {
  const to = min(sight.to, t.keyLength);
  for (let r = 0; r < rows; r++) {
    const out = rowOf(t.out, t.outBatch, t.outHead, t.outRow, b, h, i + r);
    for (let c = 0; c < t.valueSize; c++) {
      let sum: f32 = 0;
      for (let j = sight.from; j < to; j++) {
        const o = <usize>j * step + (<usize>r << 2);
        if (load<f32>(scores + o) == HIDDEN) continue;
        sum += load<f32>(block + o) * load<f32>(rowOf(t.value, t.valueBatch, t.valueHead, t.valueRow, b, keyHead, j) + (<usize>c << 2));
      }
      store<f32>(out + (<usize>c << 2), sum);
    }
  }
}
