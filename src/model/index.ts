export type * from './architecture.ts';
export { checkPositions, type LogitRows, type RunOptions, type RunResult, type TextRun } from './batch.ts';
export { commonPrefix, goesOn, KeyValueCache } from './cache.ts';
export { checkEdits } from './checkEdits.ts';
export { readArchive } from './checkpoint/archive.ts';
export { type LoadOptions, loadModel, type ModelNeed, modelNeed, readCard } from './checkpoint/load.ts';
export { checkMemory, type MemoryNeed } from './checkpoint/memory.ts';
export { type NpyArray, type NpyEntry, readNpz, writeNpy, writeNpz } from './checkpoint/npy.ts';
export { readSafetensors, writeSafetensors } from './checkpoint/safetensors.ts';
export { modelFiles, type SavedModel, saveModel } from './checkpoint/save.ts';
export { type ConfigReader, configReader } from './config.ts';
export type { Cache } from './continued.ts';
export { decoderInput, decoderText } from './decoderText.ts';
export { DeviceParameters, fromHost, type ModelParameter, toDevice } from './deviceParameters.ts';
export { disentangledDistances } from './disentangled.ts';
export {
  changeNumbers,
  changeRows,
  changesOf,
  headOutputChanges,
  keysAt,
  positionsAt,
  type RunLengths,
  stackAt,
} from './edits.ts';
export { families, readConfig } from './families/index.ts';
export { type ClassTarget, type GradientTarget, type LogitTarget, noLabels, noLogits } from './gradients.ts';
export { classifiedRow, classify, decode } from './heads.ts';
export { Model, type ModelMetadata, type ModelParts } from './model.ts';
export { fileTensors, type HostTensor, type TakenParameter } from './parameters.ts';
export { rotaryFrequencies } from './rotary.ts';
export { type Choice, checkSampling, chooseToken, type Sampling } from './sampling.ts';
export { shippedModel } from './shipped.ts';
export { type ChatMessage, type ChatTemplate, chatText, renderChat } from './tokenizer/chat.ts';
export { type Encoding, type Notice, type Token, Tokenizer, type Word } from './tokenizer.ts';
export { type Batch, type Parameters, type StageListener, transform } from './transformer.ts';
export { splitWords } from './words.ts';
