/** The parts of the page in the order of the path; each has its own address and is loaded when it is opened. */
import type { Component } from 'svelte';

/** The path of the room "Learn". */
export const parts = ['opening', 'library', 'sentence', 'dot-product', 'training', 'apart', 'summary'] as const;
/** Rooms beside the path. */
export const rooms = ['explore', 'train', 'my-library'] as const;
export type Part = (typeof parts)[number] | (typeof rooms)[number];

export const load: Readonly<Record<Part, () => Promise<{ default: Component }>>> = {
  opening: () => import('./parts/Opening.svelte'),
  library: () => import('./parts/Library.svelte'),
  sentence: () => import('./parts/Sentence.svelte'),
  'dot-product': () => import('./parts/DotProduct.svelte'),
  training: () => import('./parts/Training.svelte'),
  apart: () => import('./parts/Apart.svelte'),
  summary: () => import('./parts/Summary.svelte'),
  explore: () => import('./explore/Room.svelte'),
  train: () => import('./train/Train.svelte'),
  'my-library': () => import('./library/MyLibrary.svelte'),
};
