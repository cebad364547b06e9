/** Rows about whole processes: how long until the first result, and how much memory at most. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from './measure.mjs';
import { ggufOf, gpt2OnnxOf, gpt2Sizes } from './models.mjs';

/** Milliseconds of a Node with these arguments. */
const time = (args) => {
  const began = performance.now();
  execFileSync(process.execPath, args, { stdio: 'ignore' });
  return performance.now() - began;
};
const empty = () => median(Array.from({ length: 7 }, () => time(['-e', '0'])));

export function processes({ runtimes }) {
  return [commandLine(), ...modelRuns(runtimes)];
}

/** The command line, against starting Node with nothing to do. */
function commandLine() {
  const cli = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
  const text = '철수가 사과를 맛있게 먹었다';
  time([cli, text]);
  const whole = median(Array.from({ length: 7 }, () => time([cli, text])));
  const script = `process.argv = [process.argv[0], 'siseon', ${JSON.stringify(text)}]; process.on('exit', () => console.error(process.resourceUsage().maxRSS)); await import(${JSON.stringify(cli)})`;
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  const peakMiB = Number(stderr.trim().split('\n').at(-1)) / 1024;
  return {
    name: 'the command line, cold, beyond an empty Node',
    milliseconds: whole - empty(),
    peers: {},
    note: `peak memory ${peakMiB.toFixed(0)} MiB`,
  };
}

/** A GPT-2-small-sized model from its file (494 MB of f32, in the page cache) to the logits of the last of 256 tokens. */
function modelRuns(runtimes) {
  const folder = mkdtempSync(join(tmpdir(), 'siseon-bench-'));
  const files = { gguf: join(folder, 'model.gguf'), onnx: join(folder, 'model.onnx') };
  writeFileSync(files.gguf, ggufOf());
  writeFileSync(files.onnx, gpt2OnnxOf(LENGTH));
  const script = fileURLToPath(new URL('once.mjs', import.meta.url));
  const nothing = empty();
  const sides = [
    ['ours', 'ours', files.gguf],
    [runtimes[0].name, 'web', files.onnx],
    [runtimes[1].name, 'native', files.onnx],
  ].map(([name, engine, file]) => ({ name, args: [script, engine, file, LENGTH, gpt2Sizes.vocabulary], times: [] }));
  for (const side of sides) {
    const out = execFileSync(process.execPath, side.args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
    Object.assign(side, JSON.parse(out));
  }
  const [ours, ...others] = sides;
  for (const { name, largest } of others)
    if (!(Math.abs(largest - ours.largest) <= 1e-4 * Math.max(1, Math.abs(largest))))
      throw new Error(`${name}: the largest logit is ${largest}, ours ${ours.largest}`);
  for (let turn = 0; turn < 5; turn++) for (const side of sides) side.times.push(time(side.args) - nothing);
  rmSync(folder, { recursive: true });
  const peers = others.map(({ name, times }) => {
    const ratios = times.map((each, i) => each / ours.times[i]).sort((a, b) => a - b);
    return [name, { milliseconds: median(times), ratio: ratios[2], least: ratios[1], most: ratios[3] }];
  });
  return [
    {
      name: `GPT-2-small-sized, from its file to the logits of the last of ${LENGTH} tokens, beyond an empty Node`,
      milliseconds: median(ours.times),
      peers: Object.fromEntries(peers),
      note: `peak memory ${sides.map(({ name, peakMiB }) => `${name} ${peakMiB.toFixed(0)} MiB`).join(', ')}`,
    },
  ];
}

const LENGTH = 256;
