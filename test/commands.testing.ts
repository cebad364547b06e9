/** The built program as people type it, and tiny checkpoints of test/families that know a few words. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

export interface Said {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder of its own, and the program that finds nothing but what is in there. */
export function commands(name: string) {
  const place = mkdtempSync(join(tmpdir(), `siseon-${name}-`));
  const env = { ...process.env, LANG: 'C', LC_ALL: '', HF_HUB_OFFLINE: '1', HF_HOME: place };
  return {
    place,
    siseon: (...args: string[]): Promise<Said> =>
      new Promise((resolve) => {
        execFile(process.execPath, [main, ...args], { env }, (error, stdout, stderr) =>
          resolve({ status: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
        );
      }),
    remove: () => rmSync(place, { recursive: true }),
  };
}

export type Files = Readonly<Record<string, string | Uint8Array<ArrayBuffer>>>;

/** A tokenizer.json of whole words, the first three special, with one of those before or behind every text. */
export function wordTokenizer(
  words: readonly string[],
  around: { readonly before: string } | { readonly after: string },
) {
  const text = { Sequence: { id: 'A', type_id: 0 } };
  const piece = 'before' in around ? around.before : around.after;
  const token = { SpecialToken: { id: piece, type_id: 0 } };
  return {
    model: { type: 'WordLevel', vocab: Object.fromEntries(words.map((word, id) => [word, id])), unk_token: '[UNK]' },
    pre_tokenizer: { type: 'WhitespaceSplit' },
    post_processor: {
      type: 'TemplateProcessing',
      single: 'before' in around ? [token, text] : [text, token],
      pair: [],
      special_tokens: { [piece]: { id: piece, ids: [words.indexOf(piece)], tokens: [piece] } },
    },
    added_tokens: [0, 1, 2].map((id) => ({
      id,
      content: words[id],
      special: true,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
    })),
  };
}

const words = ['[UNK]', '</s>', '<s>', '나는', '사과를', '먹었다', '.', '철수가', '밥을', '영희가'];

/** A tiny encoder-decoder with those words, whose texts end in </s>. */
export function pairFiles(name: string): Files {
  const file = (of: string) => readFileSync(new URL(`./families/${name}/${of}`, import.meta.url));
  const config = JSON.parse(file('config.json').toString()) as Record<string, unknown>;
  return {
    'config.json': JSON.stringify({ ...config, eos_token_id: 1 }),
    'model.safetensors': new Uint8Array(file('model.safetensors')),
    'tokenizer.json': JSON.stringify(wordTokenizer(words, { after: '</s>' })),
  };
}

/** Writes a checkpoint's files into a folder, whose path comes back. */
export function written(folder: string, files: Files): string {
  mkdirSync(folder);
  for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, file), content);
  return folder;
}
