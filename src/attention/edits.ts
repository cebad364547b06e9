/** Interventions as plain data, named by the stages of a trace. */

/** Puts a vector [headSize] in place of one head's query, key or value at one position. */
export interface SetEdit {
  readonly kind: 'set';
  readonly stage: 'query' | 'key' | 'value';
  readonly layer: number;
  /** Of keys and values: which of the key/value heads. */
  readonly head: number;
  readonly position: number;
  readonly vector: readonly number[];
}

export type Edit = SetEdit;
