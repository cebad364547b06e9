/** A GGUF file's metadata: numbers of its architecture, each asked for by name, so that none goes unread. */

export type GgufMetadata = Readonly<Record<string, unknown>>;
/** Refuses the file, with what is wrong and what to do. */
export type RefuseGguf = (problem: string, next?: string) => never;

/** Fields under the architecture's prefix. */
export interface MetadataReader {
  readonly architecture: string;
  number(field: string): number | undefined;
  /** As `number`, and refused where there is none. */
  need(field: string): number;
  flag(field: string): boolean | undefined;
  text(field: string): string | undefined;
  /** Fields that nothing has asked for, and that are not known to change no number. */
  unread(): string[];
}

/** Sizes that the tensors say again, and how and on what the model was trained. */
const harmless =
  /^(vocab_size|tensor_data_layout|rope\.scaling\.finetuned|rope\.dimension_sections|quantize\..*|pooling_type)$/;

export function metadataReader(metadata: GgufMetadata, refuse: RefuseGguf): MetadataReader {
  const architecture = String(metadata['general.architecture']);
  const prefix = `${architecture}.`;
  const seen = new Set<string>();
  const present = (field: string): unknown => {
    seen.add(field);
    return metadata[prefix + field];
  };
  const wrong = (field: string, expected: string): never =>
    refuse(
      `${prefix}${field} is ${JSON.stringify(present(field))}, not ${expected}`,
      'Take the checkpoint in Hugging Face layout.',
    );
  const number = (field: string): number | undefined => {
    const value = present(field);
    if (value === undefined) return undefined;
    if (typeof value === 'bigint') return Number(value);
    return typeof value === 'number' && Number.isFinite(value) ? decimal(value) : wrong(field, 'a number');
  };
  return {
    architecture,
    number,
    need: (field) => number(field) ?? refuse(`it lacks the number ${prefix}${field}`),
    flag(field) {
      const value = present(field);
      return value === undefined || typeof value === 'boolean' ? value : wrong(field, 'true or false');
    },
    text(field) {
      const value = present(field);
      return value === undefined || typeof value === 'string' ? value : wrong(field, 'a text');
    },
    unread: () =>
      Object.keys(metadata)
        .filter((key) => key.startsWith(prefix))
        .map((key) => key.slice(prefix.length))
        .filter((field) => !seen.has(field) && !harmless.test(field)),
  };
}

/** The decimal that a float32 was written from: 1e-5 and not 0.000009999999747378752. */
function decimal(value: number): number {
  const short = Number(value.toPrecision(7));
  return Math.fround(short) === value ? short : value;
}
