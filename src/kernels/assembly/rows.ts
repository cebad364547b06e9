// Row by row: softmax, norms, cross-entropy. Sums run in double precision where rows may be long.
import { expRow, largestOf, weighRow } from './attention';
import { log } from './math';

export function softmaxRows(x: usize, out: usize, rows: i32, columns: i32, scratch: usize): void {
  const N = (columns + 7) & ~7;
  for (let i = 0; i < rows; i++) {
    const o = (<usize>i * columns) << 2;
    memory.copy(scratch, x + o, <usize>columns << 2);
    for (let j = columns; j < N; j++) store<f32>(scratch + (<usize>j << 2), f32.NEGATIVE_INFINITY);
    weighRow(scratch, 0, N);
    memory.copy(out + o, scratch, <usize>columns << 2);
  }
}

export function softmaxBackward(y: usize, g: usize, xg: usize, rows: i32, columns: i32): void {
  for (let i = 0; i < rows; i++) {
    const o = (<usize>i * columns) << 2;
    let mean: f64 = 0;
    for (let j: usize = 0; j < <usize>columns; j++) mean += <f64>load<f32>(y + o + (j << 2)) * load<f32>(g + o + (j << 2));
    for (let j: usize = 0; j < <usize>columns; j++) store<f32>(xg + o + (j << 2), load<f32>(y + o + (j << 2)) * (load<f32>(g + o + (j << 2)) - <f32>mean));
  }
}

export function layerNorm(x: usize, w: usize, b: usize, out: usize, means: usize, inverses: usize, rows: i32, columns: i32, epsilon: f64): void {
  const end = columns & ~3;
  for (let i = 0; i < rows; i++) {
    const row = x + ((<usize>i * columns) << 2);
    const to = out + ((<usize>i * columns) << 2);
    let sum: f64 = 0;
    for (let j = 0; j < columns; j++) sum += <f64>load<f32>(row + (<usize>j << 2));
    const mean = sum / columns;
    let squares: f64 = 0;
    for (let j = 0; j < columns; j++) {
      const d = <f64>load<f32>(row + (<usize>j << 2)) - mean;
      squares += d * d;
    }
    const inverse = 1.0 / sqrt(squares / columns + epsilon);
    const m4 = f32x4.splat(<f32>mean), i4 = f32x4.splat(<f32>inverse);
    for (let j = 0; j < end; j += 4) {
      const o = <usize>j << 2;
      let y = f32x4.mul(f32x4.mul(f32x4.sub(v128.load(row + o), m4), i4), v128.load(w + o));
      if (b) y = f32x4.add(y, v128.load(b + o));
      v128.store(to + o, y);
    }
    for (let j = end; j < columns; j++) {
      const o = <usize>j << 2;
      let y = (load<f32>(row + o) - <f32>mean) * <f32>inverse * load<f32>(w + o);
      if (b) y += load<f32>(b + o);
      store<f32>(to + o, y);
    }
    store<f32>(means + (<usize>i << 2), <f32>mean);
    store<f32>(inverses + (<usize>i << 2), <f32>inverse);
  }
}

/** Also the way back of rmsNorm, with means and biasGradient 0 and `centre` 0. Weight gradients must be zeroed before. */
export function normBackward(x: usize, w: usize, means: usize, inverses: usize, g: usize, xg: usize, wg: usize, bg: usize, rows: i32, columns: i32): void {
  for (let i = 0; i < rows; i++) {
    const o0 = (<usize>i * columns) << 2;
    const mean: f32 = means ? load<f32>(means + (<usize>i << 2)) : 0;
    const inverse = load<f32>(inverses + (<usize>i << 2));
    let sum: f64 = 0;
    let product: f64 = 0;
    for (let j = 0; j < columns; j++) {
      const o = <usize>j << 2;
      const normal = (load<f32>(x + o0 + o) - mean) * inverse;
      const slope = load<f32>(g + o0 + o);
      const scaled = slope * load<f32>(w + o);
      sum += <f64>scaled;
      product += <f64>scaled * normal;
      store<f32>(wg + o, load<f32>(wg + o) + slope * normal);
      if (bg) store<f32>(bg + o, load<f32>(bg + o) + slope);
    }
    const s = means ? <f32>(sum / columns) : 0;
    const p = <f32>(product / columns);
    for (let j = 0; j < columns; j++) {
      const o = <usize>j << 2;
      const normal = (load<f32>(x + o0 + o) - mean) * inverse;
      store<f32>(xg + o0 + o, inverse * (load<f32>(g + o0 + o) * load<f32>(w + o) - s - normal * p));
    }
  }
}

export function rmsNorm(x: usize, w: usize, out: usize, inverses: usize, rows: i32, columns: i32, epsilon: f64): void {
  for (let i = 0; i < rows; i++) {
    const o0 = (<usize>i * columns) << 2;
    let squares: f64 = 0;
    for (let j = 0; j < columns; j++) {
      const d = <f64>load<f32>(x + o0 + (<usize>j << 2));
      squares += d * d;
    }
    const inverse = <f32>(1.0 / sqrt(squares / columns + epsilon));
    for (let j = 0; j < columns; j++) {
      const o = <usize>j << 2;
      store<f32>(out + o0 + o, load<f32>(x + o0 + o) * inverse * load<f32>(w + o));
    }
    store<f32>(inverses + (<usize>i << 2), inverse);
  }
}

/** losses[i] = log Σ exp(logits[i]) − logits[i][target]; with a gradient pointer, writes the logits' gradient instead. */
export function crossEntropy(logits: usize, targets: usize, losses: usize, gradient: usize, logitsGradient: usize, rows: i32, columns: i32, scratch: usize): void {
  const N = (columns + 7) & ~7;
  for (let i = 0; i < rows; i++) {
    const o = (<usize>i * columns) << 2;
    const at = <usize>i << 2;
    const target = load<i32>(targets + at);
    if (target < 0) {
      if (gradient) memory.fill(logitsGradient + o, 0, <usize>columns << 2);
      else store<f32>(losses + at, 0);
      continue;
    }
    memory.copy(scratch, logits + o, <usize>columns << 2);
    for (let j = columns; j < N; j++) store<f32>(scratch + (<usize>j << 2), f32.NEGATIVE_INFINITY);
    const hit = <usize>target << 2;
    if (!gradient) {
      // (largest − logit) + log Σ exp(logits − largest), in f64: with large logits, a rounded log Σ exp would lose the loss.
      const largest = largestOf(scratch, 0, N);
      const away = <f64>largest - <f64>load<f32>(logits + o + hit);
      store<f32>(losses + at, <f32>(away + log(expRow(scratch, 0, N, largest))));
      continue;
    }
    weighRow(scratch, 0, N);
    store<f32>(scratch + hit, load<f32>(scratch + hit) - 1);
    const factor = load<f32>(gradient + at);
    for (let j = 0; j < columns; j++) store<f32>(logitsGradient + o + (<usize>j << 2), load<f32>(scratch + (<usize>j << 2)) * factor);
  }
}
