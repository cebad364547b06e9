import { readFile } from 'node:fs/promises';
import { modelFolder } from 'siseon/models/ko';
import type { Plugin } from 'vite';

const files = ['config.json', 'tokenizer.json', 'model.safetensors'];

/** Puts the Korean model of the package beside the page, under `model/`. */
export function shippedModel(): Plugin {
  const read = (file: string): Promise<Buffer> => readFile(new URL(file, modelFolder));
  return {
    name: 'shipped-model',
    configureServer: (server) => {
      for (const file of files)
        server.middlewares.use(`/model/${file}`, (_, response) => void read(file).then((bytes) => response.end(bytes)));
    },
    async generateBundle() {
      for (const file of files) this.emitFile({ type: 'asset', fileName: `model/${file}`, source: await read(file) });
    },
  };
}
