/** A model of the visitor's own on its way: what was chosen, what it takes, and how far it is, in whichever room one is meanwhile. */
import type { Failure } from '../engine/client.svelte.ts';
import type { ModelSource, Need, Opening } from '../engine/opening.ts';
import type { PlacedFile } from '../pieces/droppedFiles.ts';

class Opener {
  source = $state.raw<ModelSource | null>(null);
  need = $state.raw<Need | null>(null);
  phase = $state<'idle' | 'asking' | 'opening'>('idle');
  progress = $state.raw<Opening | null>(null);
  failure = $state.raw<Failure | null>(null);
  /** What was chosen so far; files may come one after another. */
  picked = $state.raw<readonly PlacedFile[]>([]);
  /** What came last and is no part of a model. */
  strange = $state.raw<readonly string[]>([]);
  /** Of several .gguf files one is a model: each with what it takes, as it lies in the folder that was chosen or on the hub. */
  several = $state.raw<{ source: ModelSource; files: readonly string[]; sizes: readonly number[] } | null>(null);
  /** The model that a worker had which is gone. */
  lost = $state<string | null>(null);
  /** What was opened last, and in which worker: another one has forgotten it. */
  last: { source: ModelSource; worker: number } | null = null;

  clear(): void {
    Object.assign(this, {
      source: null,
      need: null,
      failure: null,
      several: null,
      lost: null,
      picked: [],
      strange: [],
    });
  }
  /** Who leaves the room leaves what was only asked about; what is being opened goes on. */
  leave(): void {
    if (this.phase !== 'opening') this.clear();
  }
}
export const opener = new Opener();

/** Windows of this page tell each other that what is kept from the hub has changed. */
export const windows = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('siseon-hub');
