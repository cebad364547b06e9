/** Chat templates: Jinja sources that checkpoints bring, rendered by `@huggingface/jinja`. */
import { SiseonError } from '../../platform/index.ts';

export interface ChatMessage {
  readonly role: string;
  readonly content: string;
}

/**
 * Writes a conversation as the template has it; `variables` are what templates ask for (`bos_token`, `eos_token`, `tools`).
 * The text holds its special tokens written out. Throws `badChatTemplate`.
 */
export async function renderChat(
  template: string,
  messages: readonly ChatMessage[],
  { addGenerationPrompt = true, ...variables }: { addGenerationPrompt?: boolean; [name: string]: unknown } = {},
): Promise<string> {
  const { Template } = await import('@huggingface/jinja');
  try {
    return new Template(template).render({ messages, add_generation_prompt: addGenerationPrompt, ...variables });
  } catch (cause) {
    throw new SiseonError({
      code: 'badChatTemplate',
      kind: 'failure',
      what: `the chat template cannot be rendered: ${cause instanceof Error ? cause.message : String(cause)}`,
      next: 'Check the roles of the messages; the template may refuse some, such as system.',
      cause,
    });
  }
}

/** The template of a tokenizer_config.json: a string, or a list of named ones, of which `default` counts. */
export function chatTemplateOf(config: Readonly<Record<string, unknown>>): string | null {
  const { chat_template: template } = config;
  if (typeof template === 'string') return template;
  if (!Array.isArray(template)) return null;
  const chosen = template.find((entry) => entry?.name === 'default') ?? template[0];
  return typeof chosen?.template === 'string' ? chosen.template : null;
}
