export { type LoadedModel, WorkerEngine } from './engine.ts';
export type { GeneratedToken, GenerateSettings } from './messages.ts';
