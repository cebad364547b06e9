/** `@huggingface/tokenizers` as it is used here: its own types do not resolve under Node's module rules. */
import * as published from '@huggingface/tokenizers';

export interface LibraryModel {
  readonly tokens_to_ids: ReadonlyMap<string, number>;
  readonly vocab: readonly string[];
  readonly unk_token_id?: number;
}
export interface LibraryBpe extends LibraryModel {
  /** Merged parts that, one after another, are the text (the last with the end-of-word suffix). */
  bpe(text: string): readonly string[];
}
export interface LibraryUnigram extends LibraryModel {
  /** The likeliest parts, which one after another are the text. */
  tokenize(text: string): readonly string[];
}
export interface Library {
  readonly model: LibraryModel;
  readonly post_processor: {
    post_process(tokens: string[], pair: null, special: boolean): { readonly tokens: string[] };
  } | null;
  token_to_id(piece: string): number | undefined;
  id_to_token(id: number): string | undefined;
  get_vocab(withAdded: boolean): ReadonlyMap<string, number>;
  decode(ids: number[], options: { clean_up_tokenization_spaces: boolean }): string;
}

export const { Tokenizer, BPE, Unigram, SplitPreTokenizer } = published as unknown as {
  Tokenizer: new (tokenizer: object, config: object) => Library;
  BPE: new (config: object) => LibraryBpe;
  Unigram: new (config: object, endOfText: string) => LibraryUnigram;
  SplitPreTokenizer: new (config: object) => { readonly pattern: RegExp | null };
};
