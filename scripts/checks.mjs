// What can be known without running anything, side by side: style, what nobody uses, types. What each says is printed whole
// when it ends; the longest begins first.
import { spawn } from 'node:child_process';

const checks = ['npm run check -w web', 'npm run types', 'npm run lint'];

/** Resolves to whether it found nothing. */
function passes(command) {
  return new Promise((resolve) => {
    const child = spawn(command, { shell: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text));
    child.on('close', (code) => {
      process.stdout.write(said);
      resolve(code === 0);
    });
  });
}

const whole = await Promise.all(checks.map(passes));
const failed = checks.filter((_, i) => !whole[i]);
if (failed.length > 0) {
  console.error(`\nfailed: ${failed.join(', ')}`);
  process.exitCode = 1;
}
