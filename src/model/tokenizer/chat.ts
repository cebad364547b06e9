/** Chat templates: Jinja sources that checkpoints bring, rendered by `@huggingface/jinja`. */
import { SiseonError } from '../../platform/index.ts';

export interface ChatMessage {
  readonly role: string;
  readonly content: string;
}

/** A template, and the special tokens that it may write, by the names that it has for them: `bos_token`, `eos_token`, …. */
export interface ChatTemplate {
  readonly source: string;
  readonly tokens: Readonly<Record<string, string>>;
}

interface WithChatTemplate {
  readonly chatTemplate: () => Promise<ChatTemplate | null>;
}

/**
 * A conversation as a model's own template writes it, up to where the model answers: a text for `{ text, asWritten: true }`.
 * `variables` are what its template asks for beside the messages. Throws `noChatTemplate`, `noTokenizer` and `badChatTemplate`.
 */
export async function chatText(
  { name, tokenizer }: { readonly name: string; readonly tokenizer: WithChatTemplate | null },
  messages: readonly ChatMessage[],
  variables: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const template = (await tokenizer?.chatTemplate()) ?? null;
  if (template === null)
    throw new SiseonError({
      code: 'noChatTemplate',
      kind: 'usage',
      what: `${name} brings no chat template`,
      expected: 'chat_template.jinja, or chat_template in tokenizer_config.json',
      next: 'It may be no model for conversations; give it a text to go on with instead.',
      details: { name },
    });
  return renderChat(template.source, messages, { ...template.tokens, ...variables }, name);
}

/**
 * Writes a conversation as the template has it; `variables` are what templates ask for (`bos_token`, `eos_token`, `tools`).
 * The text holds its special tokens written out. Throws `badChatTemplate`.
 */
export async function renderChat(
  template: string,
  messages: readonly ChatMessage[],
  { addGenerationPrompt = true, ...variables }: { addGenerationPrompt?: boolean; [name: string]: unknown } = {},
  name = 'the model',
): Promise<string> {
  const { Template } = await import('@huggingface/jinja');
  try {
    return new Template(template).render({ messages, add_generation_prompt: addGenerationPrompt, ...variables });
  } catch (cause) {
    throw new SiseonError({
      code: 'badChatTemplate',
      kind: 'failure',
      what: `the chat template of ${name} cannot be rendered: ${cause instanceof Error ? cause.message : String(cause)}`,
      next: 'Check the roles of the messages; the template may refuse some, such as system.',
      details: { name },
      cause,
    });
  }
}

/** The template of a tokenizer_config.json (a string, or a list of named ones, of which `default` counts), or one that stands alone. */
export function chatTemplateOf(config: Readonly<Record<string, unknown>>, alone?: string): ChatTemplate | null {
  const { chat_template: given } = config;
  const named = Array.isArray(given) ? (given.find((entry) => entry?.name === 'default') ?? given[0])?.template : given;
  const source = alone ?? named;
  if (typeof source !== 'string') return null;
  const content = (token: unknown): unknown => (token as { content?: unknown } | null)?.content ?? token;
  const tokens = Object.entries(config)
    .filter(([key]) => key.endsWith('_token'))
    .map(([key, token]) => [key, content(token)] as const)
    .filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return { source, tokens: Object.fromEntries(tokens) };
}
