/**
 * Renders a template as Python's Jinja does. `@huggingface/jinja` parses and evaluates; where its answer is another than
 * Python's, the part is evaluated here, or refused by name: another text would give other tokens.
 */
import { callText, filtered, passes } from './builtins.ts';
import {
  Callable,
  Environment,
  Interpreter,
  List,
  type Node,
  nothing,
  parse,
  type Scope,
  Text,
  Truth,
  Tuple,
  tokenize,
  type Value,
  Whole,
} from './library.ts';
import { compareTexts, equals, isList, str } from './python.ts';

/** More than any conversation takes; a template that loops on is stopped here, after seconds. */
const mostSteps = 3_000_000;
/** An iteration makes scopes, which take about so many steps' time. */
const stepsOfIteration = 100;
const longestText = 100_000_000;

type Of<T extends Node['type']> = Extract<Node, { readonly type: T }>;

/** `break` and `continue` on their way out of a loop's body, with what the iteration has written. */
class LeftLoop extends Error {
  written = '';
  readonly way: 'Break' | 'Continue';
  constructor(way: 'Break' | 'Continue') {
    super(`${way.toLowerCase()} stands outside of a loop, or in a macro or block within one`);
    this.way = way;
  }
}

const given = (value: Value): Node => ({ type: 'Given', value });
const statements: ReadonlySet<string> = new Set(['Set', 'Macro', 'Comment']);
const methodsOfObjects: ReadonlySet<string> = new Set(['get', 'items', 'keys', 'values']);

class PythonInterpreter extends Interpreter {
  readonly #program: Of<'Program'>;
  #steps = 0;

  constructor(program: Of<'Program'>, scope: Scope) {
    super(scope);
    this.#program = program;
  }

  override evaluate(node: Node | undefined, scope: Scope): Value {
    if (++this.#steps > mostSteps)
      throw new Error(`it takes more than ${mostSteps.toLocaleString('en-US')} steps for this conversation`);
    switch (node?.type) {
      case 'Given':
        return node.value;
      case 'Program':
        return new Text(this.#written(node.body, scope));
      case 'Captured':
        return new Text(this.#captured(node.body, scope));
      case 'If':
        return new Text(this.#written(this.#holds(node.test, scope) ? node.body : node.alternate, scope));
      case 'For':
        return this.#for(node, scope);
      case 'LoopBody':
        return this.#loopBody(node, scope);
      case 'Break':
      case 'Continue':
        throw new LeftLoop(node.type as 'Break' | 'Continue');
      case 'Set':
      case 'CallStatement':
        return super.evaluate({ ...node, body: [this.#as('Captured', node.body)] }, scope);
      case 'Macro':
        return this.#macro(node, scope);
      case 'FilterStatement':
        return this.#filter(new Text(this.#captured(node.body, scope)), node.filter, scope);
      case 'FilterExpression':
        return this.#filter(this.evaluate(node.operand, scope), node.filter, scope);
      case 'TestExpression':
        return this.#test(node, scope);
      case 'MemberExpression':
        return this.#member(this.evaluate(node.object, scope), node, scope);
      case 'CallExpression':
        return this.#call(node, scope);
      case 'BinaryExpression':
        return this.#binary(node, scope);
      default:
        return super.evaluate(node, scope);
    }
  }

  #holds(test: Node, scope: Scope): boolean {
    return this.evaluate(test, scope).__bool__().value;
  }

  /** What statements print, one after another. */
  #written(body: readonly Node[], scope: Scope): string {
    let written = '';
    for (const node of body) {
      try {
        const value = this.evaluate(node, scope);
        if (!statements.has(node.type)) written += str(value);
      } catch (thrown) {
        if (thrown instanceof LeftLoop) thrown.written = written + thrown.written;
        throw thrown;
      }
      if (written.length > longestText)
        throw new Error(`it writes more than ${longestText.toLocaleString('en-US')} characters`);
    }
    return written;
  }

  /** Likewise of a macro or a block, which no `break` leaves. */
  #captured(body: readonly Node[], scope: Scope): string {
    try {
      return this.#written(body, scope);
    } catch (thrown) {
      throw thrown instanceof LeftLoop ? new Error(thrown.message) : thrown;
    }
  }

  /** A node that the library takes for one of its own. */
  #as(type: 'Program' | 'Captured', body: readonly Node[]): Node {
    return Object.assign(Object.create(Object.getPrototypeOf(this.#program)), { type, body });
  }

  #for(node: Of<'For'>, scope: Scope): Value {
    const select = node.iterable.type === 'SelectExpression' ? node.iterable : null;
    const items = given(iterated(this.evaluate(select ? select.lhs : node.iterable, scope)));
    const loop = { written: '' };
    const iterable = select ? { ...select, lhs: items } : items;
    const otherwise = super.evaluate({ ...node, iterable, body: [{ type: 'LoopBody', body: node.body, loop }] }, scope);
    return new Text(loop.written + str(otherwise));
  }

  /** An iteration, in a scope of its own; `loop` keeps what it writes, which the library drops where it is left. */
  #loopBody({ body, loop }: Of<'LoopBody'>, around: Scope): Value {
    this.#steps += stepsOfIteration;
    const state = around.lookupVariable('loop');
    const index = state.type === 'ObjectValue' ? state.value.get('index0') : undefined;
    if (index?.type === 'IntegerValue')
      (state.value as Map<string, Value>).set(
        'cycle',
        new Callable((values) => values[index.value % values.length] ?? nothing),
      );
    try {
      loop.written += this.#written(body, new Environment(around));
    } catch (thrown) {
      if (!(thrown instanceof LeftLoop)) throw thrown;
      loop.written += thrown.written;
      // The library's own, by which its loop goes on or ends.
      return super.evaluate({ type: thrown.way }, around);
    }
    return new Text('');
  }

  /** Sees the variables of where it is written, not of where it is called. */
  #macro(node: Of<'Macro'>, scope: Scope): Value {
    const done = super.evaluate({ ...node, body: [this.#as('Captured', node.body)] }, scope);
    const macro = scope.lookupVariable(node.name.value);
    if (macro.type !== 'FunctionValue') return done;
    const call = (values: readonly Value[], from: Scope): Value => {
      const own = new Environment(scope);
      const caller = from.variables.get('caller');
      if (caller) own.setVariable('caller', caller);
      return macro.value(values, own);
    };
    scope.setVariable(node.name.value, new Callable(call));
    return done;
  }

  /** The positional arguments, and the named ones. */
  #arguments(args: readonly Node[], scope: Scope): [Value[], Map<string, Value>] {
    const named = new Map<string, Value>();
    const values: Value[] = [];
    for (const argument of args) {
      if (argument.type === 'KeywordArgumentExpression')
        named.set(argument.key.value, this.evaluate(argument.value, scope));
      else if (argument.type === 'SpreadExpression' || argument.type === 'KeywordSpreadExpression')
        throw new Error('it unpacks arguments of a filter or method');
      else values.push(this.evaluate(argument, scope));
    }
    return [values, named];
  }

  #filter(operand: Value, filter: Of<'FilterExpression'>['filter'], scope: Scope): Value {
    const name = filter.type === 'Identifier' ? filter.value : (filter.callee as Of<'Identifier'>).value;
    const [values, named] = filter.type === 'Identifier' ? [[], new Map()] : this.#arguments(filter.args, scope);
    const own = filtered(name, operand, values, named);
    if (own) return own;
    const result = super.evaluate({ type: 'FilterExpression', operand: given(operand), filter }, scope);
    return name === 'items' || name === 'dictsort' ? pairs(result) : result;
  }

  #test(node: Of<'TestExpression'>, scope: Scope): Value {
    const operand = this.evaluate(node.operand, scope);
    const own = passes(node.test.value, operand);
    if (own === null) return super.evaluate({ ...node, operand: given(operand) }, scope);
    return new Truth(own !== node.negate);
  }

  #member(object: Value, node: Of<'MemberExpression'>, scope: Scope): Value {
    const name = !node.computed && node.property.type === 'Identifier' ? node.property.value : null;
    if (object.type === 'UndefinedValue')
      throw new Error(`${shown(node.object)} is undefined, and so has no ${name ?? 'items'}`);
    // Of an object Python takes the method before the entry of the same name; of lists and texts it knows no length.
    if (object.type === 'ObjectValue' && name !== null && methodsOfObjects.has(name)) return object.builtins.get(name)!;
    const slice = node.property.type === 'SliceExpression';
    const key = node.computed && !slice ? this.evaluate(node.property, scope) : null;
    const said = name ?? (key?.type === 'StringValue' ? key.value : null);
    if (said === 'length' && (isList(object) || object.type === 'StringValue')) return nothing;
    if (object.type === 'StringValue' && key?.type === 'IntegerValue') {
      const character = [...object.value].at(key.value);
      return character === undefined ? nothing : new Text(character);
    }
    const property = key === null ? node.property : given(key);
    return super.evaluate({ ...node, object: given(object), property }, scope);
  }

  #call(node: Of<'CallExpression'>, scope: Scope): Value {
    const { callee } = node;
    if (callee.type !== 'MemberExpression') return super.evaluate(node, scope);
    const object = this.evaluate(callee.object, scope);
    if (object.type === 'StringValue' && callee.property.type === 'Identifier' && !callee.computed) {
      const [values, named] = this.#arguments(node.args, scope);
      const own = callText(object.value, callee.property.value, values, named);
      if (own !== null) return own;
    }
    const result = super.evaluate({ ...node, callee: given(this.#member(object, callee, scope)) }, scope);
    const isItems = callee.property.type === 'Identifier' && callee.property.value === 'items';
    return object.type === 'ObjectValue' && isItems ? pairs(result) : result;
  }

  #binary(node: Of<'BinaryExpression'>, scope: Scope): Value {
    const operator = node.operator.value;
    const left = this.evaluate(node.left, scope);
    if (operator === 'and' || operator === 'or')
      return left.__bool__().value === (operator === 'and') ? this.evaluate(node.right, scope) : left;
    const right = this.evaluate(node.right, scope);
    return (
      operated(operator, left, right) ?? super.evaluate({ ...node, left: given(left), right: given(right) }, scope)
    );
  }
}

const shown = (node: Node): string => {
  if (node.type === 'Identifier') return node.value;
  if (node.type !== 'MemberExpression') return '(…)';
  return `${shown(node.object)}${node.property.type === 'Identifier' && !node.computed ? `.${node.property.value}` : '[…]'}`;
};

/** Keys with their values are tuples. */
const pairs = (value: Value): Value =>
  isList(value) ? new List(value.value.map((item) => (isList(item) ? new Tuple(item.value) : item))) : value;

/** What `for` goes over: of a text its characters, of what is not there nothing. */
function iterated(value: Value): Value {
  // A tuple in a list is unpacked like a list.
  if (isList(value))
    return new List(value.value.map((item) => (item.type === 'TupleValue' ? new List(item.value) : item)));
  if (value.type === 'StringValue') return new List([...value.value].map((character) => new Text(character)));
  return value.type === 'UndefinedValue' ? new List([]) : value;
}

/** Where Python's operators do something else than the library's; null where they do not. Throws where Python throws. */
function operated(operator: string, left: Value, right: Value): Value | null {
  const texts = [left, right].filter(({ type }) => type === 'StringValue').length;
  if (operator === '==' || operator === '!=') return new Truth(equals(left, right) === (operator === '=='));
  if (operator === '~') return new Text(str(left) + str(right));
  if ((operator === 'in' || operator === 'not in') && isList(right))
    return new Truth(right.value.some((item) => equals(item, left)) === (operator === 'in'));
  if (left.type === 'StringValue' && right.type === 'StringValue' && /^[<>]=?$/.test(operator)) {
    const order = compareTexts(left.value, right.value);
    const less = operator.startsWith('<') ? order : -order;
    return new Truth(less < 0 || (order === 0 && operator.endsWith('=')));
  }
  if (operator === '*' && left.type === 'StringValue' && right.type === 'IntegerValue' && right.value < 1_000_000)
    return new Text(left.value.repeat(Math.max(0, right.value)));
  if ((operator === '+' && texts === 1) || (texts > 0 && /^[-*/%]/.test(operator)))
    throw new Error(`it computes ${kind(left)} ${operator} ${kind(right)}`);
  if (/^[/%]/.test(operator) && !right.value) throw new Error('it divides by zero');
  if (operator === '%' && left.type === 'IntegerValue' && right.type === 'IntegerValue')
    return new Whole(left.value - right.value * Math.floor(left.value / right.value));
  if (operator === '%') throw new Error(`it computes ${kind(left)} % ${kind(right)}`);
  return null;
}

const kind = ({ type }: Value): string => type.replace('Value', '').toLowerCase();

/** Three letters of months and days are Python's in the C locale. */
function today(format: string): string {
  const now = new Date();
  const two = (value: number): string => String(value).padStart(2, '0');
  const named = (options: Intl.DateTimeFormatOptions): string => new Intl.DateTimeFormat('en-US', options).format(now);
  const parts: Readonly<Record<string, () => string>> = {
    Y: () => String(now.getFullYear()),
    m: () => two(now.getMonth() + 1),
    d: () => two(now.getDate()),
    b: () => named({ month: 'short' }),
    B: () => named({ month: 'long' }),
    a: () => named({ weekday: 'short' }),
    A: () => named({ weekday: 'long' }),
    H: () => two(now.getHours()),
    M: () => two(now.getMinutes()),
    S: () => two(now.getSeconds()),
    y: () => two(now.getFullYear() % 100),
    '%': () => '%',
  };
  return format.replace(/%(.?)/gs, (directive, letter: string) => {
    const part = parts[letter];
    if (!part) throw new Error(`strftime_now knows no ${directive}`);
    return part();
  });
}

/** Throws Errors that say in a few words what the template has or does. */
export function render(source: string, variables: Readonly<Record<string, unknown>>): string {
  let program: Of<'Program'>;
  try {
    program = parse(tokenize(source, { lstrip_blocks: true, trim_blocks: true }));
  } catch (cause) {
    const said = cause instanceof SyntaxError ? cause.message : 'it ends before all its blocks and brackets are closed';
    throw new BadSyntax(said, { cause });
  }
  const scope = new Environment();
  const globals = {
    true: true,
    false: false,
    none: null,
    True: true,
    False: false,
    None: null,
    strftime_now: today,
    raise_exception: (message: string) => {
      throw new Refusal(message);
    },
    range: (...ends: number[]) => {
      const [start, stop, step] = ends.length === 1 ? [0, ends[0]!, 1] : [ends[0]!, ends[1]!, ends[2] ?? 1];
      const count = Math.max(0, Math.ceil((stop - start) / step));
      if (![start, stop, step].every(Number.isInteger) || step === 0 || count > 10_000)
        throw new Error(`range(${ends.join(', ')}) is no range of whole numbers, or longer than 10,000`);
      return Array.from({ length: count }, (_, i) => start + i * step);
    },
  };
  for (const [name, value] of Object.entries({ ...globals, ...variables })) scope.set(name, value);
  return str(new PythonInterpreter(program, scope).evaluate(program, scope));
}

/** The template itself refuses the conversation, in its own words. */
export class Refusal extends Error {}
/** The template is no template. */
export class BadSyntax extends Error {}
