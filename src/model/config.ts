import { SiseonError } from '../platform/index.ts';
import type { ConfigReader } from './architecture.ts';

const wrong = (field: string, expected: string, got: unknown): SiseonError =>
  new SiseonError({
    code: 'badConfig',
    kind: 'failure',
    what: `config.json: ${field}`,
    expected,
    got: JSON.stringify(got) ?? 'nothing',
    next: 'Check that the file belongs to this checkpoint.',
  });

/** Reads the fields of a parsed config.json, each with its type checked. */
export function configReader(config: Readonly<Record<string, unknown>>): ConfigReader {
  const present = (field: string, fallback: unknown): unknown => config[field] ?? fallback;
  return {
    count(field, fallback) {
      const value = present(field, fallback);
      if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value;
      throw wrong(field, 'a whole number above 0', value);
    },
    number(field, fallback) {
      const value = present(field, fallback);
      if (typeof value === 'number' && Number.isFinite(value)) return value;
      throw wrong(field, 'a number', value);
    },
    flag(field, fallback) {
      const value = present(field, fallback);
      if (typeof value === 'boolean') return value;
      throw wrong(field, 'true or false', value);
    },
    choice(field, choices, fallback) {
      const value = present(field, fallback);
      const choice = typeof value === 'string' ? choices[value] : undefined;
      if (choice !== undefined) return choice;
      throw wrong(field, `one of ${Object.keys(choices).join(', ')}`, value);
    },
    only(field, ...allowed) {
      const value = config[field];
      if (value === undefined || value === null || allowed.includes(value)) return;
      throw wrong(
        field,
        `${allowed.map((item) => JSON.stringify(item)).join(' or ')} (anything else would change the numbers)`,
        value,
      );
    },
    architectures: Array.isArray(config.architectures) ? config.architectures.map(String) : [],
  };
}
