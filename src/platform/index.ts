export { diskFolder } from './disk.ts';
export { type ErrorParts, SiseonError } from './errors.ts';
export { fileExists, importModule, makeFolder, readFile, readText, removeFile, writeFileAtomically } from './files.ts';
export { blobFolder, cannotRead, type Folder, memoryFolder, readFolderText } from './folders.ts';
export { type HubOptions, type HubProgress, hubAddress, hubFolder, hubModel, isHubName } from './hub.ts';
export { memorySize } from './machine.ts';
export { type NetworkOptions, networkFolder } from './network.ts';
export { type Random, seededRandom } from './random.ts';
export { type Channel, ownChannel, startWorker } from './worker.ts';
