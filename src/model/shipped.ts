/** Folder of the Korean model that comes with the package (a file: URL in Node, beside the modules elsewhere). */
export const shippedModel: URL = new URL('../../models/ko/', import.meta.url);
