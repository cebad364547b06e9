/** Filters, tests and methods of texts, where the library's do something else than Jinja's. */
import { List, nothing, Real, Text, type Value, Whole } from './library.ts';
import { capitalize, equals, isList, json, repr, str, strip, title } from './python.ts';

type Named = ReadonlyMap<string, Value>;

const textOf = (value: Value, of: string): string => {
  if (value.type !== 'StringValue') throw new Error(`${of} takes a text`);
  return value.value;
};

/** How many arguments the library heeds; it drops what comes after them. */
const heeded: Readonly<Record<string, number>> = {
  upper: 0,
  lower: 0,
  startswith: 1,
  endswith: 1,
  split: 2,
  replace: 3,
};

const ends = { strip: 'both', lstrip: 'left', rstrip: 'right' } as const;

/** A method of a text, null where the library does what Python does. */
export function callText(text: string, method: string, values: readonly Value[], named: Named): Value | null {
  const [first] = values;
  const most = heeded[method];
  if (most !== undefined) {
    if (values.length > most) throw new Error(`${method} is called with ${values.length} arguments`);
    return null;
  }
  const one = (): string => {
    if (!first || values.length > 1 || named.size > 0) throw new Error(`${method} is not called with one argument`);
    return textOf(first, method);
  };
  switch (method) {
    case 'strip':
    case 'lstrip':
    case 'rstrip': {
      const characters = first === undefined || first.type === 'NullValue' ? null : one();
      return new Text(strip(text, ends[method], characters));
    }
    case 'capitalize':
      return new Text(capitalize(text));
    case 'title':
      return new Text(title(text));
    case 'removeprefix':
      return new Text(text.startsWith(one()) ? text.slice(one().length) : text);
    case 'removesuffix':
      return new Text(text.endsWith(one()) ? text.slice(0, text.length - one().length) : text);
    case 'find': {
      const at = text.indexOf(one());
      return new Whole(at < 0 ? at : [...text.slice(0, at)].length);
    }
    case 'join': {
      if (!first || !isList(first)) throw new Error('join is not called with a list');
      return new Text(first.value.map((item) => textOf(item, method)).join(text));
    }
    default:
      return null;
  }
}

/** Numbers as Python's int() and float() read them; null where they throw. */
function read(value: Value): number | null {
  if (value.type === 'IntegerValue' || value.type === 'FloatValue') return value.value;
  if (value.type === 'BooleanValue') return Number(value.value);
  const said = value.type === 'StringValue' ? strip(value.value, 'both', null) : '';
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(said) ? Number(said) : null;
}

/** A filter, null where the library does what Jinja does. Throws for what neither does. */
export function filtered(name: string, operand: Value, values: readonly Value[], named: Named): Value | null {
  const [first] = values;
  const isText = operand.type === 'StringValue';
  const argument = (at: number, by: string): Value | undefined => values[at] ?? named.get(by);
  switch (name) {
    case 'trim': {
      const characters = argument(0, 'chars');
      return new Text(strip(str(operand), 'both', characters ? textOf(characters, 'trim') : null));
    }
    case 'length':
    case 'count':
      if (operand.type === 'UndefinedValue') return new Whole(0);
      if (isText) return new Whole([...operand.value].length);
      return isList(operand) ? new Whole(operand.value.length) : null;
    case 'string':
      return new Text(str(operand));
    case 'capitalize':
      return new Text(capitalize(str(operand)));
    case 'title':
      return new Text(str(operand).replace(/[^-\s({[<]+/gu, capitalize));
    case 'first':
    case 'last':
      if (isList(operand)) return operand.value.at(name === 'first' ? 0 : -1) ?? nothing;
      return isText ? characterAt(operand.value, name === 'first' ? 0 : -1) : null;
    case 'list':
      if (operand.type === 'UndefinedValue') return new List([]);
      return isText ? new List([...operand.value].map((character) => new Text(character))) : null;
    case 'join':
      return joined(operand, argument(0, 'd'), named.get('attribute') ?? values[1]);
    case 'default':
    case 'd': {
      const instead = argument(0, 'default_value') ?? new Text('');
      const empty = argument(1, 'boolean')?.__bool__().value === true && !operand.__bool__().value;
      return operand.type === 'UndefinedValue' || empty ? instead : operand;
    }
    case 'int':
    case 'float': {
      if (operand.type === 'UndefinedValue') throw new Error(`${name} of what is undefined`);
      const value = read(operand);
      const instead = first ?? named.get('default');
      if (value === null) return instead ?? (name === 'int' ? new Whole(0) : new Real(0));
      return name === 'int' ? new Whole(Math.trunc(value)) : new Real(value);
    }
    case 'unique':
      return unique(operand, values.length + named.size);
    case 'tojson':
      return new Text(json(operand, jsonStyle(values, named)));
    case 'selectattr':
    case 'rejectattr': {
      const [attribute, test] = values.map((value) => (value.type === 'StringValue' ? value.value : ''));
      if (test === 'undefined' || attribute?.includes('.'))
        throw new Error(`${name} of '${attribute}', '${test ?? ''}'`);
      return null;
    }
    default:
      return null;
  }
}

const characterAt = (text: string, at: number): Value => {
  const character = [...text].at(at);
  return character === undefined ? nothing : new Text(character);
};

function joined(operand: Value, separator: Value | undefined, attribute: Value | undefined): Value | null {
  if (attribute) throw new Error('join with an attribute');
  if (operand.type === 'UndefinedValue') return new Text('');
  const items = operand.type === 'StringValue' ? [...operand.value] : isList(operand) ? operand.value.map(str) : null;
  return items && new Text(items.join(separator ? str(separator) : ''));
}

/** Each value once, the first of those that differ in case alone. */
function unique(operand: Value, argumentCount: number): Value | null {
  if (!isList(operand) || argumentCount > 0) throw new Error('unique of something else than a list, or with arguments');
  const folded = (value: Value): Value => (value.type === 'StringValue' ? new Text(value.value.toLowerCase()) : value);
  const kept: Value[] = [];
  for (const item of operand.value) if (!kept.some((other) => equals(folded(other), folded(item)))) kept.push(item);
  return new List(kept);
}

function jsonStyle(values: readonly Value[], named: Named): Parameters<typeof json>[1] {
  if (values.length > 0) throw new Error('tojson with arguments that are not named');
  const known = ['indent', 'separators', 'sort_keys', 'ensure_ascii'];
  for (const name of named.keys()) if (!known.includes(name)) throw new Error(`tojson with ${name}`);
  const indent = named.get('indent') ?? nothing;
  if (indent.value != null && indent.type !== 'IntegerValue') throw new Error(`tojson with indent ${repr(indent)}`);
  const separators = named.get('separators') ?? nothing;
  const pair = isList(separators) ? separators.value.map((part) => textOf(part, 'separators')) : null;
  return {
    indent: indent.type === 'IntegerValue' ? indent.value : null,
    separators: pair?.length === 2 ? [pair[0]!, pair[1]!] : null,
    sortKeys: named.get('sort_keys')?.__bool__().value === true,
    ascii: named.get('ensure_ascii')?.__bool__().value === true,
  };
}

/** A test, null where the library's answer is Jinja's. */
export function passes(name: string, { type, value }: Value): boolean | null {
  switch (name) {
    case 'iterable':
    case 'sequence':
      return ['ArrayValue', 'TupleValue', 'ObjectValue', 'StringValue', 'UndefinedValue'].includes(type);
    case 'number':
      return ['IntegerValue', 'FloatValue', 'BooleanValue'].includes(type);
    case 'float':
      return type === 'FloatValue';
    case 'lower':
    case 'upper':
      if (type !== 'StringValue') return null;
      return /\p{Cased}/u.test(value) && value === (name === 'lower' ? value.toLowerCase() : value.toUpperCase());
    default:
      return null;
  }
}
