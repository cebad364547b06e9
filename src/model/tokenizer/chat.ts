/** Chat templates: Jinja sources that checkpoints bring, rendered as Python's Jinja does. */
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
 * Writes a conversation as the template has it; `variables` are what templates ask for (`bos_token`, `eos_token`, `tools`);
 * `tools` and `documents` are none unless given. The text holds its special tokens written out. Throws `badChatTemplate`
 * where the template refuses the conversation, cannot be read, or has something that Python's Jinja would write otherwise.
 */
export async function renderChat(
  template: string,
  messages: readonly ChatMessage[],
  { addGenerationPrompt = true, ...variables }: { addGenerationPrompt?: boolean; [name: string]: unknown } = {},
  name = 'the model',
): Promise<string> {
  const { BadSyntax, Refusal, render } = await import('./jinja/interpreter.ts');
  try {
    return render(template, {
      messages,
      add_generation_prompt: addGenerationPrompt,
      tools: null,
      documents: null,
      ...variables,
    });
  } catch (cause) {
    const why = cause instanceof Refusal ? 'refused' : cause instanceof BadSyntax ? 'syntax' : 'unknown';
    throw new SiseonError({
      code: 'badChatTemplate',
      kind: 'failure',
      what: `the chat template of ${name} cannot be rendered: ${cause instanceof Error ? cause.message : String(cause)}`,
      next: {
        refused: 'Check the roles of the messages; the template may refuse some, such as system.',
        syntax: 'The template is damaged, or has what this version does not read; mend it, or write the text yourself.',
        unknown:
          'This version does not write that as Python does, or the template fails there too; write the text yourself.',
      }[why],
      details: { name, why },
      cause,
    });
  }
}

/**
 * The template of a tokenizer_config.json (a string, or a list of named ones, of which `default` counts), or one that stands
 * alone. Throws `badChatTemplate` for a list without `default`: which one is meant is not said.
 */
export function chatTemplateOf(config: Readonly<Record<string, unknown>>, alone?: string): ChatTemplate | null {
  const { chat_template: given } = config;
  const source = alone ?? (Array.isArray(given) ? defaultOf(given) : given);
  if (typeof source !== 'string') return null;
  const content = (token: unknown): unknown => (token as { content?: unknown } | null)?.content ?? token;
  const tokens = Object.entries(config)
    .filter(([key]) => key.endsWith('_token'))
    .map(([key, token]) => [key, content(token)] as const)
    .filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return { source, tokens: Object.fromEntries(tokens) };
}

function defaultOf(list: readonly { readonly name?: unknown; readonly template?: unknown }[]): unknown {
  const named = list.find((entry) => entry?.name === 'default');
  if (named || list.length === 0) return named?.template;
  const names = list.map((entry) => String(entry?.name));
  throw new SiseonError({
    code: 'badChatTemplate',
    kind: 'failure',
    what: 'tokenizer_config.json has several chat templates and none is called default',
    expected: 'one called default',
    got: names.join(', '),
    next: 'Put the one that is meant into chat_template.jinja beside it.',
    details: { why: 'noDefault', names },
  });
}
