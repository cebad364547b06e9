export { type ErrorParts, SiseonError } from './errors.ts';
export { fileExists, makeFolder, readFile, readText, writeFileAtomically } from './files.ts';
