/** What a place that keeps files of the hub has to do: a disk in Node, the browser's storage on a page. */
import type { Folder } from './folders.ts';

/** What the hub says of a file. */
export interface HubFile {
  /** Bytes. */
  readonly size: number;
  /** SHA-256 (64 hex digits), of small files the SHA-1 that git gives them (40). */
  readonly checksum: string;
}

/** A file on its way: what came is kept, and goes on in the next run where it stopped. */
export interface Draft {
  size(): Promise<number>;
  /** Throws `cannotWrite`. */
  append(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  clear(): Promise<void>;
  /** Hex digits of all of it, behind a prefix. */
  digest(algorithm: 'sha1' | 'sha256', prefix: string): Promise<string>;
}

/** Files of one model, by commit. Contents that commits share are kept once. */
export interface HubCache {
  /** As a person knows it. */
  readonly name: string;
  /** What a branch or tag was when it was last asked for. */
  commitOf(revision: string): Promise<string | null>;
  /** Throws `cannotWrite`. */
  remember(revision: string, commit: string): Promise<void>;
  /** The files of a commit that are here, whole and right. */
  kept(commit: string): Folder;
  /** Whether the commit is known to have no such file. */
  lacks(commit: string, file: string): Promise<boolean>;
  noteLack(commit: string, file: string): Promise<void>;
  /** Notes what the hub says of a file that is asked for, where what is not whole is told by it. */
  noteFacts?(commit: string, file: string, facts: HubFile): Promise<void>;
  /**
   * Makes a file of a commit be here: by `fill` unless its content is, and by one alone however many want it at once, in
   * other processes and pages too. Throws `cannotWrite`, what `fill` throws, and the signal's reason.
   */
  keep(
    commit: string,
    file: string,
    facts: HubFile,
    fill: (draft: Draft) => Promise<void>,
    signal?: AbortSignal,
  ): Promise<void>;
}
