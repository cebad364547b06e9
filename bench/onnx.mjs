/** ONNX graphs, written field by field as onnx.proto numbers them: enough for the peers of this bench. */

const varint = (value) => {
  const bytes = [];
  let rest = BigInt(value) & 0xffffffffffffffffn;
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    bytes.push(rest ? low | 128 : low);
  } while (rest);
  return Buffer.from(bytes);
};
const number = (field, value) => Buffer.concat([varint(field << 3), varint(value)]);
const bytes = (field, content) => [varint((field << 3) | 2), varint(sizeOf(content)), content];
const text = (field, content) => bytes(field, Buffer.from(content));
const float = (field, value) => {
  const content = Buffer.alloc(5);
  content[0] = (field << 3) | 5;
  content.writeFloatLE(value, 1);
  return content;
};
const sizeOf = (parts) =>
  Array.isArray(parts) ? parts.reduce((sum, part) => sum + sizeOf(part), 0) : parts.byteLength;

const FLOAT = 1;
const INT64 = 7;

function attribute([name, value]) {
  if (Array.isArray(value)) return [text(1, name), value.map((item) => number(8, item)), number(20, 7)];
  if (typeof value === 'string') return [text(1, name), text(4, value), number(20, 3)];
  if (Number.isInteger(value)) return [text(1, name), number(3, value), number(20, 2)];
  return [text(1, name), float(2, value.float), number(20, 1)];
}

export const node = (type, inputs, outputs, attributes = {}, domain = '') => [
  inputs.map((name) => text(1, name)),
  outputs.map((name) => text(2, name)),
  text(4, type),
  Object.entries(attributes).map((entry) => bytes(5, attribute(entry))),
  domain ? text(7, domain) : [],
];

/** A constant: Float32Array, or BigInt64Array for shapes and ids. */
export const constant = (name, dims, data) => [
  dims.map((size) => number(1, size)),
  number(2, data instanceof Float32Array ? FLOAT : INT64),
  text(8, name),
  bytes(9, Buffer.from(data.buffer, data.byteOffset, data.byteLength)),
];

export const value = (name, dims, type = FLOAT) => [
  text(1, name),
  bytes(
    2,
    bytes(1, [
      number(1, type),
      bytes(
        2,
        dims.map((size) => bytes(1, number(1, size))),
      ),
    ]),
  ),
];

/** A whole model, as bytes. */
export function onnxModel({ nodes, constants = [], inputs, outputs, opset = 23 }) {
  const graph = [
    nodes.map((item) => bytes(1, item)),
    text(2, 'bench'),
    constants.map((item) => bytes(5, item)),
    inputs.map((item) => bytes(11, item)),
    outputs.map((item) => bytes(12, item)),
  ];
  const model = [number(1, 10), bytes(8, [text(1, ''), number(2, opset)]), bytes(7, graph)];
  return Buffer.concat(model.flat(Number.POSITIVE_INFINITY));
}
