// npm run conformance -- FILE.jsonl: runs the ONNX cases of a file; see docs/formats.md for its format.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

// npm starts scripts in the package's folder; a relative file is meant relative to the caller's.
const [file] = process.argv.slice(2);
if (!file) {
  console.error('No file given. Usage: npm run conformance -- FILE.jsonl');
  process.exit(2);
}
let text;
try {
  text = readFileSync(resolve(process.env.INIT_CWD ?? process.cwd(), file), 'utf8');
} catch (error) {
  console.error(`Cannot read ${file}: ${error.code === 'ENOENT' ? 'there is no such file' : error.message}.`);
  process.exit(2);
}
let runConformance;
try {
  ({ runConformance } = await import('../dist/attention/index.js'));
} catch (error) {
  console.error(`Cannot load the built package (${error.message}). Run npm run build first.`);
  process.exit(1);
}
const results = await runConformance(text);
for (const { line, name, passed, error, reason } of results)
  if (!passed)
    console.log(`FAILED ${name} (line ${line}): ${error === null ? '' : `largest error ${error}; `}${reason}`);
const failed = results.filter(({ passed }) => !passed).length;
console.log(`${results.length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
