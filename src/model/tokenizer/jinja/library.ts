/** `@huggingface/jinja` as it is used here: its own types do not resolve under Node's module rules, and its values are not exported. */
import * as published from '@huggingface/jinja';

/** What an expression comes to. */
export type Value = { readonly builtins: ReadonlyMap<string, Value>; __bool__(): { readonly value: boolean } } & (
  | { readonly type: 'StringValue'; readonly value: string }
  | { readonly type: 'IntegerValue' | 'FloatValue'; readonly value: number }
  | { readonly type: 'BooleanValue'; readonly value: boolean }
  | { readonly type: 'NullValue'; readonly value: null }
  | { readonly type: 'UndefinedValue'; readonly value: undefined }
  | { readonly type: 'ArrayValue' | 'TupleValue'; readonly value: readonly Value[] }
  | {
      readonly type: 'ObjectValue' | 'NamespaceValue' | 'KeywordArgumentsValue';
      readonly value: ReadonlyMap<string, Value>;
    }
  | { readonly type: 'FunctionValue'; readonly value: (values: readonly Value[], from: Scope) => Value }
);

/** The variables that a place of the template sees; those of its parents too. */
export interface Scope {
  readonly variables: ReadonlyMap<string, Value>;
  set(name: string, value: unknown): Value;
  setVariable(name: string, value: Value): Value;
  lookupVariable(name: string): Value;
}

interface Call {
  readonly type: 'CallExpression';
  readonly callee: Node;
  readonly args: readonly Node[];
}
interface Name {
  readonly type: 'Identifier';
  readonly value: string;
}
type Filter = Name | Call;

/** A part of a parsed template, of those that are evaluated here; the library evaluates the others. */
export type Node =
  | { readonly type: 'Program'; readonly body: readonly Node[] }
  | { readonly type: 'Captured'; readonly body: readonly Node[] }
  | { readonly type: 'LoopBody'; readonly body: readonly Node[]; readonly loop: { written: string } }
  | { readonly type: 'If'; readonly test: Node; readonly body: readonly Node[]; readonly alternate: readonly Node[] }
  | {
      readonly type: 'For';
      readonly iterable: Node;
      readonly body: readonly Node[];
      readonly defaultBlock: readonly Node[];
    }
  | { readonly type: 'SelectExpression'; readonly lhs: Node; readonly test: Node }
  | { readonly type: 'Break' | 'Continue' | 'Comment' | 'SliceExpression' }
  | { readonly type: 'Set' | 'CallStatement'; readonly body: readonly Node[] }
  | { readonly type: 'Macro'; readonly name: Name; readonly body: readonly Node[] }
  | { readonly type: 'FilterStatement'; readonly filter: Filter; readonly body: readonly Node[] }
  | { readonly type: 'FilterExpression'; readonly operand: Node; readonly filter: Filter }
  | { readonly type: 'TestExpression'; readonly operand: Node; readonly negate: boolean; readonly test: Name }
  | { readonly type: 'MemberExpression'; readonly object: Node; readonly property: Node; readonly computed: boolean }
  | {
      readonly type: 'BinaryExpression';
      readonly operator: { readonly value: string };
      readonly left: Node;
      readonly right: Node;
    }
  | { readonly type: 'KeywordArgumentExpression'; readonly key: Name; readonly value: Node }
  | { readonly type: 'SpreadExpression' | 'KeywordSpreadExpression'; readonly argument: Node }
  | { readonly type: 'TupleLiteral'; readonly value: readonly Node[] }
  /** Already evaluated. */
  | { readonly type: 'Given'; readonly value: Value }
  | Call
  | Name;

interface LibraryInterpreter {
  evaluate(node: Node | undefined, scope: Scope): Value;
}

export const { Environment, Interpreter, parse, tokenize } = published as unknown as {
  Environment: new (parent?: Scope) => Scope;
  Interpreter: new (scope: Scope) => LibraryInterpreter;
  parse: (tokens: readonly unknown[]) => Extract<Node, { readonly type: 'Program' }>;
  tokenize: (source: string, options: { lstrip_blocks: boolean; trim_blocks: boolean }) => readonly unknown[];
};

/** The library keeps the classes of its values to itself; a value of each says which it is. */
const classOf = <V>(sample: V): (new (value: V) => Value) =>
  new Environment().set('sample', sample).constructor as unknown as new (
    value: V,
  ) => Value;

export const Text = classOf('');
export const Whole = classOf(0);
export const Real = classOf(0.5);
export const Truth = classOf(true);
export const List = classOf<unknown>([]) as unknown as new (values: readonly Value[]) => Value;
export const Callable = classOf<unknown>(() => null) as unknown as new (
  call: (values: readonly Value[], from: Scope) => Value,
) => Value;
export const nothing: Value = new Environment().set('sample', undefined);
const tuple = new Interpreter(new Environment()).evaluate({ type: 'TupleLiteral', value: [] }, new Environment());
export const Tuple = tuple.constructor as unknown as typeof List;
