/** A hash that tells two models apart: FNV-1a over 32-bit words, 64 bit in two halves. */
export class Fingerprint {
  #low = 0x811c9dc5;
  #high = 0x01000193;

  constructor(text: string) {
    this.add(Uint32Array.from(text, (letter) => letter.codePointAt(0)!));
  }

  add(words: Uint32Array): void {
    let [low, high] = [this.#low, this.#high];
    for (let i = 0; i < words.length; i++) {
      const word = words[i]!;
      low = Math.imul(low ^ word, 0x01000193);
      high = Math.imul(high ^ (word >>> 7) ^ low, 0x85ebca6b);
    }
    [this.#low, this.#high] = [low, high];
  }

  /** Sixteen hex digits. */
  get digits(): string {
    return [this.#high, this.#low].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
  }
}
