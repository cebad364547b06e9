/** Values as Python writes, compares and takes apart: templates are written for it. */
import type { Value } from './library.ts';

/** str(value). Throws where Python would print an address or a number that JavaScript does not hold. */
export function str(value: Value): string {
  if (value.type === 'StringValue') return value.value;
  return value.type === 'UndefinedValue' ? '' : repr(value);
}

/** repr(value), as it stands inside of a printed list. */
export function repr(value: Value): string {
  switch (value.type) {
    case 'NullValue':
      return 'None';
    case 'UndefinedValue':
      return 'Undefined';
    case 'BooleanValue':
      return value.value ? 'True' : 'False';
    case 'IntegerValue':
      return whole(value.value);
    case 'FloatValue':
      return float(value.value);
    case 'StringValue':
      return quoted(value.value);
    case 'ArrayValue':
      return `[${value.value.map(repr).join(', ')}]`;
    case 'TupleValue':
      return `(${value.value.map(repr).join(', ')}${value.value.length === 1 ? ',' : ''})`;
    case 'ObjectValue':
      return `{${Array.from(value.value, ([key, held]) => `${quoted(key)}: ${repr(held)}`).join(', ')}}`;
    default:
      throw new Error(`it prints a ${value.type === 'FunctionValue' ? 'function' : 'namespace'}`);
  }
}

function whole(value: number): string {
  if (!Number.isSafeInteger(value)) throw new Error(`the whole number ${value} is larger than 2^53`);
  return String(value);
}

/** float.__repr__: the shortest digits, with an exponent below 1e-4 and from 1e16 on. */
function float(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0)) return '-0.0';
  const size = Math.abs(value);
  if (value === 0 || (size >= 1e-4 && size < 1e16))
    return Number.isInteger(value) ? `${value}.0` : size < 1e-6 ? value.toFixed(20) : String(value);
  const [digits, exponent] = value.toExponential().split('e') as [string, string];
  return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
}

const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Zs}\\']/gu;
const escapes = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\\', '\\\\'],
  [' ', ' '],
]);

function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(unprintable, (character) => {
    const known = escapes.get(character);
    if (known !== undefined) return known;
    if (character === "'") return quote === "'" ? "\\'" : "'";
    const code = character.codePointAt(0)!;
    const [mark, width] = code < 0x100 ? ['x', 2] : code < 0x10000 ? ['u', 4] : ['U', 8];
    return `\\${mark}${code.toString(16).padStart(width as number, '0')}`;
  });
  return `${quote}${escaped}${quote}`;
}

/** left == right: numbers and truth values by number, lists and objects by what they hold, else of one kind. */
export function equals(left: Value, right: Value): boolean {
  const [a, b] = [numberOf(left), numberOf(right)];
  if (a !== null || b !== null) return a === b;
  if (left.type !== right.type) return false;
  if (isList(left) && isList(right))
    return left.value.length === right.value.length && left.value.every((item, i) => equals(item, right.value[i]!));
  if (left.type === 'ObjectValue' && right.type === 'ObjectValue')
    return (
      left.value.size === right.value.size &&
      Array.from(left.value).every(([key, held]) => right.value.has(key) && equals(held, right.value.get(key)!))
    );
  return left.value === right.value;
}

export const isList = (value: Value): value is Value & { readonly type: 'ArrayValue' | 'TupleValue' } =>
  value.type === 'ArrayValue' || value.type === 'TupleValue';

const numberOf = (value: Value): number | null => {
  if (value.type === 'BooleanValue') return Number(value.value);
  return value.type === 'IntegerValue' || value.type === 'FloatValue' ? value.value : null;
};

/** Less than 0, 0 or more than 0 as the code points of two texts are ordered. */
export function compareTexts(left: string, right: string): number {
  const [a, b] = [[...left], [...right]];
  for (let i = 0; i < Math.min(a.length, b.length); i++)
    if (a[i] !== b[i]) return a[i]!.codePointAt(0)! - b[i]!.codePointAt(0)!;
  return a.length - b.length;
}

/** str.isspace of a character: JavaScript's white space without U+FEFF, and the five controls that it leaves out. */
const isSpace = (character: string): boolean =>
  character !== '\ufeff' && (/\s/.test(character) || '\x1c\x1d\x1e\x1f\x85'.includes(character));

/** str.strip, lstrip and rstrip: white space, or any of some characters, off one or both ends. */
export function strip(text: string, ends: 'both' | 'left' | 'right', characters: string | null): string {
  const given = characters === null ? null : new Set(characters);
  const goes = (character: string): boolean => (given ? given.has(character) : isSpace(character));
  const all = [...text];
  let [from, to] = [0, all.length];
  if (ends !== 'right') while (from < to && goes(all[from]!)) from++;
  if (ends !== 'left') while (to > from && goes(all[to - 1]!)) to--;
  return all.slice(from, to).join('');
}

export const capitalize = (text: string): string => {
  const [first = '', ...rest] = text;
  return first.toUpperCase() + rest.join('').toLowerCase();
};

/** str.title: every run of letters that have a case. */
export const title = (text: string): string => text.replace(/\p{Cased}+/gu, capitalize);

interface JsonStyle {
  readonly indent: number | null;
  readonly separators: readonly [string, string] | null;
  readonly sortKeys: boolean;
  readonly ascii: boolean;
}

/** json.dumps(value). Throws for what it refuses. */
export function json(value: Value, style: JsonStyle, depth = 0): string {
  const [comma, colon] = style.separators ?? [style.indent === null ? ', ' : ',', ': '];
  const inside = (open: string, parts: readonly string[], close: string): string => {
    if (parts.length === 0) return open + close;
    if (style.indent === null) return open + parts.join(comma) + close;
    const line = (level: number): string => `\n${' '.repeat(style.indent! * level)}`;
    return open + line(depth + 1) + parts.join(comma + line(depth + 1)) + line(depth) + close;
  };
  const text = (said: string): string => {
    const plain = JSON.stringify(said);
    return style.ascii
      ? plain.replace(/[\x7f-\uffff]/g, (unit) =>
          unit === '\x7f' ? unit : `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
        )
      : plain;
  };
  if (value.type === 'StringValue') return text(value.value);
  if (value.type === 'NullValue') return 'null';
  if (value.type === 'BooleanValue') return String(value.value);
  if (value.type === 'IntegerValue' || value.type === 'FloatValue') return repr(value);
  if (isList(value))
    return inside(
      '[',
      value.value.map((item) => json(item, style, depth + 1)),
      ']',
    );
  if (value.type !== 'ObjectValue') throw new Error(`tojson of ${value.type.replace('Value', '').toLowerCase()}`);
  const entries = style.sortKeys
    ? [...value.value].sort(([left], [right]) => compareTexts(left, right))
    : [...value.value];
  return inside(
    '{',
    entries.map(([key, held]) => text(key) + colon + json(held, style, depth + 1)),
    '}',
  );
}
