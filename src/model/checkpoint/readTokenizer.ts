/** The tokenizer of a checkpoint, from whichever files it has. */
import { type Folder, pathIn, readFolderText, SiseonError } from '../../platform/index.ts';
import { type ChatTemplate, chatTemplateOf } from '../tokenizer/chat.ts';
import { Tokenizer } from '../tokenizer.ts';

/** Families whose tokenizer puts <s> and </s> around a text. */
const wrapping = /^(roberta|xlm-roberta|bart|camembert|longformer)$/;

/** Parses a file of a folder. Throws `badJson` and `cannotRead`. */
export async function readFolderJson(folder: Folder, file: string): Promise<Record<string, unknown>> {
  const text = await readFolderText(folder, file);
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Record<string, unknown>;
    throw new Error('it is no JSON object');
  } catch (error) {
    throw new SiseonError({
      code: 'badJson',
      kind: 'failure',
      what: `${pathIn(folder, file)} is not JSON (${error instanceof Error ? error.message : error})`,
      next: 'The file is damaged; fetch it again.',
    });
  }
}

const tokenizers: readonly (readonly string[])[] = [
  ['tokenizer.json'],
  ['vocab.txt'],
  ['vocab.json', 'merges.txt'],
  ['tokenizer.model'],
  ['spiece.model'],
  ['sentencepiece.bpe.model'],
];
/** The files by which a checkpoint's folder brings a tokenizer, whatever its kind; none where it brings none. */
export async function tokenizerFiles(folder: Folder): Promise<readonly string[]> {
  for (const files of tokenizers)
    if ((await Promise.all(files.map((file) => folder.has(file)))).every(Boolean)) return files;
  return [];
}

/**
 * tokenizer.json, else vocab.txt, else vocab.json with merges.txt; null where a checkpoint has none of them. Throws
 * `sentencePieceTokenizer` where there is only SentencePiece's binary, and what Tokenizer.fromJson throws.
 */
export async function readTokenizer(folder: Folder, modelType: string): Promise<Tokenizer | null> {
  // Read only when it is asked for: most texts are no conversation.
  const chatTemplate = async (): Promise<ChatTemplate | null> => {
    try {
      const alone = 'chat_template.jinja';
      const source = (await folder.has(alone)) ? await readFolderText(folder, alone) : undefined;
      return chatTemplateOf(await tokenizerConfig(folder), source);
    } finally {
      await folder.close();
    }
  };
  if (await folder.has('tokenizer.json'))
    return Tokenizer.fromJson(await readFolderJson(folder, 'tokenizer.json'), { chatTemplate });
  const old = await import('../tokenizer/files.ts');
  const config = await tokenizerConfig(folder);
  if (await folder.has('vocab.txt')) {
    const json = old.fromVocabularyText(await readFolderText(folder, 'vocab.txt'), config);
    return Tokenizer.fromJson(json, { chatTemplate });
  }
  if ((await folder.has('vocab.json')) && (await folder.has('merges.txt'))) {
    const vocabulary = await readFolderText(folder, 'vocab.json');
    const merges = await readFolderText(folder, 'merges.txt');
    const json = old.fromVocabularyAndMerges(vocabulary, merges, config, wrapping.test(modelType));
    return Tokenizer.fromJson(json, { chatTemplate });
  }
  for (const file of ['tokenizer.model', 'spiece.model', 'sentencepiece.bpe.model'])
    if (await folder.has(file)) throw old.sentencePieceOnly(pathIn(folder, file));
  return null;
}

const tokenizerConfig = async (folder: Folder): Promise<Record<string, unknown>> =>
  (await folder.has('tokenizer_config.json')) ? readFolderJson(folder, 'tokenizer_config.json') : {};
