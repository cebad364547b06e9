/** GGUF files, written from the format's description (ggml's docs/gguf.md): header, metadata, tensors aligned to 32 bytes. */

/** A number that the file holds as float32; whole numbers are unsigned otherwise. */
export const float = (value) => ({ float: value });

const types = { uint32: 4, int32: 5, float32: 6, bool: 7, string: 8, array: 9 };

const integer = (value, bytes) => {
  const out = Buffer.alloc(bytes);
  if (bytes === 8) out.writeBigUInt64LE(BigInt(value));
  else out.writeInt32LE(value | 0);
  return out;
};
const real = (value) => {
  const out = Buffer.alloc(4);
  out.writeFloatLE(value);
  return out;
};
const text = (value) => [integer(Buffer.byteLength(value), 8), Buffer.from(value)];

/** The type of a value and its bytes. */
function typed(value) {
  if (typeof value === 'boolean') return [types.bool, Buffer.of(value ? 1 : 0)];
  if (typeof value === 'number') return [types.uint32, integer(value, 4)];
  if (typeof value === 'string') return [types.string, text(value)];
  if (!Array.isArray(value)) return [types.float32, real(value.float)];
  const [type] = typeof value[0] === 'number' ? [types.int32] : typed(value[0]);
  const items = value.map((item) => typed(item)[1]);
  return [types.array, [integer(type, 4), integer(value.length, 8), items]];
}

/** @param tensors [name, { shape, type (ggml's number), bytes }], shapes as row-major arrays have them. */
export function writeGguf(metadata, tensors) {
  let at = 0;
  const places = tensors.map(([, { bytes }]) => {
    const place = at;
    at += Math.ceil(bytes.byteLength / 32) * 32;
    return place;
  });
  const head = Buffer.concat(
    [
      Buffer.from('GGUF'),
      integer(3, 4),
      integer(tensors.length, 8),
      integer(Object.keys(metadata).length, 8),
      Object.entries(metadata).map(([key, value]) => {
        const [type, bytes] = typed(value);
        return [text(key), integer(type, 4), bytes];
      }),
      tensors.map(([name, { shape, type }], i) => [
        text(name),
        integer(shape.length, 4),
        [...shape].reverse().map((size) => integer(size, 8)),
        integer(type, 4),
        integer(places[i], 8),
      ]),
    ].flat(Number.POSITIVE_INFINITY),
  );
  const start = Math.ceil(head.length / 32) * 32;
  const out = Buffer.alloc(start + at);
  head.copy(out);
  tensors.forEach(([, { bytes }], i) => {
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).copy(out, start + places[i]);
  });
  return out;
}

/** A vocabulary of as many tokens as the model has; ids alone are compared. */
export const vocabulary = (count) => ({
  'tokenizer.ggml.model': 'gpt2',
  'tokenizer.ggml.pre': 'gpt-2',
  'tokenizer.ggml.tokens': Array.from({ length: count }, (_, id) => (id === 1 ? 'Ċ' : `t${id}`)),
  'tokenizer.ggml.token_type': Array.from({ length: count }, () => 1),
  'tokenizer.ggml.merges': ['t 0'],
  'tokenizer.ggml.bos_token_id': 0,
  'tokenizer.ggml.eos_token_id': 0,
});
