import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^siseon$/, replacement: at('./src/index.ts') },
      { find: /^siseon\/models\/ko$/, replacement: at('./models/ko/index.ts') },
      { find: /^siseon\/([a-z]+)$/, replacement: at('./src/$1/index.ts') },
    ],
  },
  test: {
    include: ['src/**/*.test.ts', 'web/**/*.test.ts', 'models/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: ['./test/browser.setup.ts'],
    // On a machine that is busy with something else a browser may take long to start.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 30_000 } },
    // A third of a test of the page is waiting for Chromium: three share two cores in less time than two.
    maxWorkers: 3,
    reporters: ['default', at('./test/summary.ts')],
  },
});
