import { SiseonError } from '../platform/index.ts';

/** Typed access to config.json, with errors that name the field. `null` counts as absent. */
export interface ConfigReader {
  /** A whole number above 0. */
  count(field: string, fallback?: number): number;
  number(field: string, fallback?: number): number;
  /** A number above `least`, 0 unless said. */
  above(field: string, fallback?: number, least?: number): number;
  /** A whole number, `least` or more: 0 unless said. */
  whole(field: string, fallback?: number, least?: number): number;
  flag(field: string, fallback: boolean): boolean;
  choice<T>(field: string, choices: Readonly<Record<string, T>>, fallback?: string): T;
  text(field: string, fallback: string): string;
  /** Whether a field is a text. */
  isText(field: string): boolean;
  /** A list of strings or numbers; absent: null. */
  list(field: string): readonly (string | number)[] | null;
  /** An object's own fields; absent: null. */
  object(field: string): ConfigReader | null;
  has(field: string): boolean;
  /** Throws unless the field is absent or equal to one of these. */
  only(field: string, ...allowed: readonly unknown[]): void;
  /** An error about a field whose value fits no rule here. */
  refuse(field: string, expected: string): SiseonError;
  readonly architectures: readonly string[];
  /** How many fields there are. */
  readonly size: number;
  /** Fields that are present and that nothing has asked for yet, those of objects as `object.field`. */
  unread(): string[];
}

/** Reads the fields of a parsed config.json (or of an object in it, whose name errors give), each with its type checked. */
export function configReader(config: Readonly<Record<string, unknown>>, within = ''): ConfigReader {
  const seen = new Set<string>();
  const objects = new Map<string, ConfigReader>();
  const wrong = (field: string, expected: string, got: unknown): SiseonError =>
    new SiseonError({
      code: 'badConfig',
      kind: 'failure',
      what: `config.json: ${within}${field}`,
      expected,
      got: JSON.stringify(got) ?? 'nothing',
      next: 'Check that the file belongs to this checkpoint.',
    });
  const present = (field: string, fallback: unknown): unknown => {
    seen.add(field);
    return config[field] ?? fallback;
  };
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
    above(field, fallback, least = 0) {
      const value = present(field, fallback);
      if (typeof value === 'number' && Number.isFinite(value) && value > least) return value;
      throw wrong(field, `a number above ${least}`, value);
    },
    whole(field, fallback, least = 0) {
      const value = present(field, fallback);
      if (typeof value === 'number' && Number.isInteger(value) && value >= least) return value;
      throw wrong(field, `a whole number, ${least} or more`, value);
    },
    flag(field, fallback) {
      const value = present(field, fallback);
      if (typeof value === 'boolean') return value;
      throw wrong(field, 'true or false', value);
    },
    choice(field, choices, fallback) {
      const value = present(field, fallback);
      if (typeof value === 'string' && Object.hasOwn(choices, value)) return choices[value]!;
      throw wrong(field, `one of ${Object.keys(choices).join(', ')}`, value);
    },
    text(field, fallback) {
      const value = present(field, fallback);
      if (typeof value === 'string') return value;
      throw wrong(field, 'a text', value);
    },
    isText: (field) => typeof config[field] === 'string',
    list(field) {
      const value = present(field, null);
      if (value === null) return null;
      if (Array.isArray(value) && value.every((item) => ['string', 'number'].includes(typeof item))) return value;
      throw wrong(field, 'a list of strings or numbers', value);
    },
    object(field) {
      const value = present(field, null);
      if (value === null) return null;
      if (typeof value !== 'object' || Array.isArray(value)) throw wrong(field, 'an object', value);
      const reader = objects.get(field) ?? configReader(value as Record<string, unknown>, `${within}${field}.`);
      objects.set(field, reader);
      return reader;
    },
    has: (field) => present(field, undefined) !== undefined,
    only(field, ...allowed) {
      const value = present(field, undefined);
      if (value === undefined || allowed.includes(value)) return;
      throw wrong(
        field,
        `${allowed.map((item) => JSON.stringify(item)).join(' or ')} (anything else would change the numbers)`,
        value,
      );
    },
    refuse: (field, expected) => wrong(field, expected, config[field]),
    architectures: Array.isArray(config.architectures) ? config.architectures.map(String) : [],
    size: Object.keys(config).length,
    unread: () => [
      ...Object.keys(config).filter((field) => !seen.has(field) && config[field] !== null),
      ...[...objects].flatMap(([field, reader]) => reader.unread().map((inner) => `${field}.${inner}`)),
    ],
  };
}
