import { describe, expect, it } from 'vitest';
import { Tokenizer } from '../tokenizer.ts';
import { chatTemplateOf, renderChat } from './chat.ts';
import { fromVocabularyAndMerges, fromVocabularyText, sentencePieceOnly } from './files.ts';

describe('vocab.txt', () => {
  const text = '[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n사과\n##를\nhello\n';
  it('is BERT, lower-cased unless tokenizer_config.json says otherwise', () => {
    const lower = Tokenizer.fromJson(fromVocabularyText(text)).encode('Hello [MASK]');
    expect(Array.from(lower.ids)).toEqual([2, 7, 4, 3]);
    const cased = Tokenizer.fromJson(fromVocabularyText(text, { do_lower_case: false })).encode('사과를 Hello');
    expect(cased.tokens.map(({ id, start, end }) => [id, start, end])).toEqual([
      [2, null, null],
      [5, 0, 2],
      [6, 2, 3],
      [1, 4, 9],
      [3, null, null],
    ]);
  });
  it('is refused without its special tokens, or with a piece twice', () => {
    expect(() => fromVocabularyText('a\nb\n')).toThrow('vocab.txt lacks [UNK]');
    expect(() => fromVocabularyText('a\na\n')).toThrow('a piece twice');
  });
});

describe('vocab.json and merges.txt', () => {
  const vocabulary = JSON.stringify({
    '<s>': 0,
    '</s>': 1,
    l: 2,
    o: 3,
    w: 4,
    lo: 5,
    low: 6,
    Ġ: 7,
    Ġlow: 8,
    '<|endoftext|>': 9,
  });
  const merges = '#version: 0.2\nl o\nlo w\nĠ low\n';
  it('is GPT-2, or RoBERTa with <s> and </s> and spans without the space', () => {
    const gpt2 = Tokenizer.fromJson(fromVocabularyAndMerges(vocabulary, merges)).encode('low low<|endoftext|>');
    expect(gpt2.tokens.map(({ id, start, end, special }) => [id, start, end, special])).toEqual([
      [6, 0, 3, false],
      [8, 3, 7, false],
      [9, 7, 20, true],
    ]);
    const roberta = Tokenizer.fromJson(fromVocabularyAndMerges(vocabulary, merges, {}, true)).encode('low low');
    expect(roberta.tokens.map(({ id, start, end }) => [id, start, end])).toEqual([
      [0, null, null],
      [6, 0, 3],
      [8, 4, 7],
      [1, null, null],
    ]);
  });
  it('is refused where a line of merges is no pair', () =>
    expect(() => fromVocabularyAndMerges(vocabulary, 'l o w\n')).toThrow('"l o w", which is no pair'));
});

it('a SentencePiece file is refused with the way out', () =>
  expect(sentencePieceOnly('tokenizer.model').message).toContain('use_fast=True'));

describe('chat templates', () => {
  const template =
    '{{ bos_token }}{% for m in messages %}<|{{ m.role }}|>{{ m.content | trim }}{{ eos_token }}{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}';
  it('write a conversation', async () => {
    const config = {
      chat_template: [
        { name: 'tools', template: 'x' },
        { name: 'default', template },
      ],
    };
    const messages = [{ role: 'user', content: ' 안녕 ' }];
    const variables = { bos_token: '<s>', eos_token: '</s>' };
    expect(await renderChat(chatTemplateOf(config)!.source, messages, variables)).toBe(
      '<s><|user|>안녕</s><|assistant|>',
    );
    expect(await renderChat(template, messages, { ...variables, addGenerationPrompt: false })).toBe(
      '<s><|user|>안녕</s>',
    );
  });
  it('a list of them without default is refused, unless one stands alone', () => {
    const config = { chat_template: [{ name: 'tool_use', template: 'x' }] };
    expect(() => chatTemplateOf(config)).toThrow('expected one called default, got tool_use');
    expect(chatTemplateOf(config, 'alone')?.source).toBe('alone');
  });
});
