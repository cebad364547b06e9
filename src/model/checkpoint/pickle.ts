/**
 * The part of Python's pickle (docs: pickletools) that PyTorch's tensors need, and no more. Nothing is executed: the few
 * names that may be called are known here, and every other opcode or name is refused by its own name.
 */
import { SiseonError } from '../../platform/index.ts';

/** Numbers that lie in a storage of the file. */
export interface PickledStorage {
  readonly kind: 'storage';
  /** As in safetensors. */
  readonly dtype: string;
  /** Name of the storage in the file. */
  readonly key: string;
  /** Numbers in it. */
  readonly count: number;
}

/** A view of a storage: number (i, j, …) is at offset + i · strides[0] + j · strides[1] + … */
export interface PickledTensor {
  readonly kind: 'tensor';
  readonly storage: PickledStorage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** What a pickle may hold here. A dictionary (ordered or not) is a Map, a list or tuple an array. */
export type Pickled =
  | null
  | boolean
  | number
  | bigint
  | string
  | PickledTensor
  | PickledStorage
  | Pickled[]
  | PickledMap
  | Name;
type PickledMap = Map<Pickled, Pickled>;

/** A global name that a pickle may mention: what it stands for when it is called or passed along. */
interface Name {
  readonly kind: 'name';
  readonly name: string;
}

const storageTypes: Readonly<Record<string, string>> = {
  'torch.FloatStorage': 'F32',
  'torch.HalfStorage': 'F16',
  'torch.BFloat16Storage': 'BF16',
  'torch.DoubleStorage': 'F64',
  'torch.LongStorage': 'I64',
  'torch.IntStorage': 'I32',
  'torch.ShortStorage': 'I16',
  'torch.CharStorage': 'I8',
  'torch.ByteStorage': 'U8',
  'torch.BoolStorage': 'BOOL',
};
const callables = ['collections.OrderedDict', 'torch._utils._rebuild_tensor_v2', 'torch._utils._rebuild_parameter'];
const names = new Set([...callables, ...Object.keys(storageTypes)]);

/** Names of the opcodes that are refused, so that an error can say which (pickletools). */
const refused: Readonly<Record<string, string>> = {
  i: 'INST',
  o: 'OBJ',
  '\x81': 'NEWOBJ',
  '\x92': 'NEWOBJ_EX',
  '\x93': 'STACK_GLOBAL',
  '\x82': 'EXT1',
  '\x83': 'EXT2',
  '\x84': 'EXT4',
  P: 'PERSID',
  F: 'FLOAT',
  I: 'INT',
  L: 'LONG',
  S: 'STRING',
  V: 'UNICODE',
  g: 'GET',
  p: 'PUT',
  '\x8c': 'SHORT_BINUNICODE',
  '\x8d': 'BINUNICODE8',
  '\x94': 'MEMOIZE',
  '\x95': 'FRAME',
  '\x97': 'NEXT_BUFFER',
  B: 'BINBYTES',
  C: 'SHORT_BINBYTES',
};

/** The refusal of a pickle; `file` is named. */
export function badPickle(file: string, problem: string): SiseonError {
  return new SiseonError({
    code: 'badPickle',
    kind: 'failure',
    what: `${file} is not read: ${problem}`,
    next: 'Only tensors are read from a pickle, and nothing in it is run. If you trust the file, convert it in Python: safetensors.torch.save_file(torch.load(FILE, weights_only=True), "model.safetensors").',
    details: { file, problem },
  });
}

/**
 * Reads one pickle from `bytes`; returns what it holds and where it ends. Throws `badPickle` for any opcode or global
 * outside of what tensors need, and for a pickle that breaks off or makes no sense.
 */
export function readPickle(bytes: Uint8Array, file: string, at = 0): { value: Pickled; end: number } {
  return new Machine(bytes, file, at).run();
}

class Machine {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #file: string;
  #at: number;
  #stack: Pickled[] = [];
  readonly #marks: Pickled[][] = [];
  readonly #memo = new Map<number, Pickled>();

  constructor(bytes: Uint8Array, file: string, at: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#file = file;
    this.#at = at;
  }

  run(): { value: Pickled; end: number } {
    for (;;) {
      const opcode = String.fromCharCode(this.#bytes[this.#take(1)]!);
      if (opcode === '.') return { value: this.#pop(), end: this.#at };
      this.#step(opcode);
    }
  }

  /** One opcode. */
  #step(opcode: string): void {
    const value = this.#value(opcode);
    if (value !== undefined) this.#stack.push(value);
    else this.#act(opcode);
  }

  /** What an opcode puts on the stack (the letters are pickletools' codes); undefined for one that does something else. */
  #value(opcode: string): Pickled | undefined {
    const view = this.#view;
    switch (opcode) {
      case 'N':
        return null;
      case '\x88':
        return true;
      case '\x89':
        return false;
      case 'J':
        return view.getInt32(this.#take(4), true);
      case 'K':
        return view.getUint8(this.#take(1));
      case 'M':
        return view.getUint16(this.#take(2), true);
      case '\x8a':
        return this.#long(this.#bytes[this.#take(1)]!);
      case 'G':
        return view.getFloat64(this.#take(8));
      case 'X': // BINUNICODE
      case 'T': // BINSTRING
        return this.#text(view.getUint32(this.#take(4), true));
      case 'U':
        return this.#text(view.getUint8(this.#take(1)));
      case ']':
      case ')':
        return [];
      case '}':
        return new Map();
      case 'l': // LIST
      case 't': // TUPLE
        return this.#popMark();
      case '\x85':
        return this.#popMany(1);
      case '\x86':
        return this.#popMany(2);
      case '\x87':
        return this.#popMany(3);
      case 'h': // BINGET
        return this.#recall(view.getUint8(this.#take(1)));
      case 'j': // LONG_BINGET
        return this.#recall(view.getUint32(this.#take(4), true));
      case 'c':
        return this.#global();
      case 'R':
        return this.#reduce();
      case 'Q':
        return this.#persistent();
      default:
        return undefined;
    }
  }

  #act(opcode: string): void {
    switch (opcode) {
      case '\x80': {
        const protocol = this.#bytes[this.#take(1)]!;
        if (protocol > 3) this.#refuse(`it is of pickle protocol ${protocol}, and torch.save writes 2`);
        break;
      }
      case '(': // MARK
        this.#marks.push(this.#stack);
        this.#stack = [];
        break;
      case 'q': // BINPUT
        this.#memo.set(this.#view.getUint8(this.#take(1)), this.#top());
        break;
      case 'r': // LONG_BINPUT
        this.#memo.set(this.#view.getUint32(this.#take(4), true), this.#top());
        break;
      case 'a': // APPEND
        this.#append(this.#popMany(1));
        break;
      case 'e': // APPENDS
        this.#append(this.#popMark());
        break;
      case 's': // SETITEM
        this.#setItems(this.#popMany(2));
        break;
      case 'u': // SETITEMS
        this.#setItems(this.#popMark());
        break;
      case 'b':
        this.#build();
        break;
      default: {
        const code = opcode.charCodeAt(0).toString(16).padStart(2, '0');
        this.#refuse(`it has the opcode ${refused[opcode] ?? `0x${code}`}, which tensors do not need`);
      }
    }
  }

  #refuse(problem: string): never {
    throw badPickle(this.#file, problem);
  }

  #take(count: number): number {
    const at = this.#at;
    if (at + count > this.#bytes.length) this.#refuse('its pickle breaks off');
    this.#at += count;
    return at;
  }

  #text(length: number): string {
    const at = this.#take(length);
    return new TextDecoder().decode(this.#bytes.subarray(at, at + length));
  }

  #long(length: number): number | bigint {
    const at = this.#take(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.#bytes[at + i]!);
    const signed = length === 0 ? 0n : BigInt.asIntN(8 * length, value);
    const number = Number(signed);
    return Number.isSafeInteger(number) ? number : signed;
  }

  #top(): Pickled {
    const value = this.#stack.at(-1);
    return value === undefined ? this.#refuse('its pickle makes no sense') : value;
  }

  #pop(): Pickled {
    const value = this.#stack.pop();
    return value === undefined ? this.#refuse('its pickle makes no sense') : value;
  }

  #popMany(count: number): Pickled[] {
    if (this.#stack.length < count) this.#refuse('its pickle makes no sense');
    return this.#stack.splice(this.#stack.length - count);
  }

  #popMark(): Pickled[] {
    const before = this.#marks.pop();
    if (!before) return this.#refuse('its pickle makes no sense');
    const values = this.#stack;
    this.#stack = before;
    return values;
  }

  #recall(index: number): Pickled {
    const value = this.#memo.get(index);
    return value === undefined ? this.#refuse('its pickle makes no sense') : value;
  }

  #append(values: readonly Pickled[]): void {
    const list = this.#top();
    if (!Array.isArray(list)) this.#refuse('its pickle makes no sense');
    else for (const value of values) list.push(value);
  }

  #setItems(values: readonly Pickled[]): void {
    const map = this.#top();
    if (!(map instanceof Map) || values.length % 2 !== 0) this.#refuse('its pickle makes no sense');
    else for (let i = 0; i < values.length; i += 2) map.set(values[i]!, values[i + 1]!);
  }

  #line(): string {
    const end = this.#bytes.indexOf(10, this.#at);
    if (end < 0 || end - this.#at > 1000) this.#refuse('its pickle breaks off');
    const text = this.#text(end - this.#at);
    this.#at++;
    return text;
  }

  #global(): Name {
    const name = `${this.#line()}.${this.#line()}`;
    if (!names.has(name)) this.#refuse(`it asks for ${name}, which tensors do not need`);
    return { kind: 'name', name };
  }

  #reduce(): Pickled {
    const [called, parameters] = this.#popMany(2);
    const name = isName(called) ? called.name : null;
    if (!Array.isArray(parameters)) return this.#refuse('its pickle makes no sense');
    switch (name) {
      case 'collections.OrderedDict':
        return parameters.length === 0 ? new Map() : this.#refuse('it calls OrderedDict with arguments');
      case 'torch._utils._rebuild_parameter':
        return isTensor(parameters[0]) ? parameters[0] : this.#refuse('a parameter of it is no tensor');
      case 'torch._utils._rebuild_tensor_v2':
        return this.#tensor(parameters);
      default:
        return this.#refuse(`it calls ${name ?? 'what is no function'}, which tensors do not need`);
    }
  }

  #tensor([storage, offset, shape, strides]: readonly Pickled[]): PickledTensor {
    const whole = (value: Pickled | undefined): value is number =>
      Number.isSafeInteger(value) && (value as number) >= 0;
    const list = (value: Pickled | undefined): value is number[] => Array.isArray(value) && value.every(whole);
    if (!isStorage(storage) || !whole(offset) || !list(shape) || !list(strides) || shape.length !== strides.length)
      return this.#refuse('a tensor of it has no sound storage, shape and strides');
    const last = shape.includes(0) ? -1 : shape.reduce((sum, length, i) => sum + (length - 1) * strides[i]!, offset);
    if (!(last < storage.count))
      this.#refuse(`a tensor of it reaches number ${last} of a storage that has ${storage.count}`);
    return { kind: 'tensor', storage, offset, shape, strides };
  }

  /** ('storage', type, key, place, count[, view]): a storage that lies elsewhere in the file. */
  #persistent(): PickledStorage {
    const id = this.#pop();
    const [word, type, key, , count, view] = Array.isArray(id) ? id : [];
    const dtype = isName(type) ? storageTypes[type.name] : undefined;
    if (word !== 'storage' || !dtype || typeof key !== 'string' || typeof count !== 'number' || count < 0)
      return this.#refuse('it names something that is no storage of tensors');
    if (view) this.#refuse('a storage of it is a view of another one');
    return { kind: 'storage', dtype, key, count };
  }

  /** An OrderedDict's own attributes (`_metadata`) are let go; nothing else may have any. */
  #build(): void {
    const state = this.#pop();
    if (!(this.#top() instanceof Map) || !(state instanceof Map))
      this.#refuse('it has objects other than tensors (BUILD)');
  }
}

const isName = (value: Pickled | undefined): value is Name => hasKind(value, 'name');
export const isTensor = (value: Pickled | undefined): value is PickledTensor => hasKind(value, 'tensor');
const isStorage = (value: Pickled | undefined): value is PickledStorage => hasKind(value, 'storage');
function hasKind(value: Pickled | undefined, kind: string): boolean {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind;
}
