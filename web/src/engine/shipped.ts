/** The model that comes with the page. */
import { type WasmKernels, wasmKernels } from 'siseon/kernels';
import { loadModel, type Model } from 'siseon/model';
import { memoryFolder } from 'siseon/platform';
import { shippedName } from './shippedName.ts';

const name = shippedName;
const files = ['config.json', 'tokenizer.json', 'model.safetensors'];

/** Throws where one of the files does not come. */
async function fetched(address: string): Promise<Record<string, Uint8Array<ArrayBuffer>>> {
  const all = files.map(async (file) => {
    const response = await fetch(new URL(file, address));
    if (!response.ok) throw new Error(`${file}: ${response.status}`);
    return [file, new Uint8Array(await response.arrayBuffer())] as const;
  });
  return Object.fromEntries(await Promise.all(all));
}

/** All of its files at once, and the device meanwhile. Throws what loadModel throws. */
export async function openShipped(address: string): Promise<{ device: WasmKernels; model: Model }> {
  const [device, folder] = await Promise.all([
    wasmKernels(),
    // What did not come is asked for once more, by the package, which can say what is wrong.
    fetched(address).then(
      (all) => memoryFolder(all, name),
      () => new URL(address),
    ),
  ]);
  return { device, model: await loadModel(folder, { name, kernels: device }) };
}
