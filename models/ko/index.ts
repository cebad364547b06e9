import { shippedModel } from 'siseon/model';

/** Folder of the Korean model (Hugging Face layout): pass it to `loadModel`. */
export const modelFolder: URL = shippedModel;
