export { type ErrorParts, SiseonError } from './errors.ts';
export { fileExists, importModule, makeFolder, readFile, readText, removeFile, writeFileAtomically } from './files.ts';
