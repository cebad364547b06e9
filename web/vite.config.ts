import { paraglideVitePlugin } from '@inlang/paraglide-js';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { beside } from './build/beside.ts';
import { contentPolicy, isolation, policy } from './build/contentPolicy.ts';
import { joinedMessages } from './build/joinedMessages.ts';
import { offline } from './build/offline.ts';
import { shippedModel } from './build/shippedModel.ts';

/** How long each plugin took is nothing to a visitor who starts the page. */
const quiet = { checks: { pluginTimings: false } };

export default defineConfig({
  // Relative addresses: the build may stand in any folder of any static host.
  base: './',
  plugins: [
    paraglideVitePlugin({
      project: './project.inlang',
      outdir: './src/paraglide',
      strategy: ['globalVariable', 'baseLocale'],
      emitTsDeclarations: true,
    }),
    joinedMessages(),
    svelte({ configFile: false }),
    shippedModel(),
    beside(),
    contentPolicy(),
    offline(),
  ],
  worker: { format: 'es', rolldownOptions: quiet },
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false }, rolldownOptions: quiet },
  server: { headers: isolation },
  preview: { host: 'localhost', port: 4180, headers: { 'Content-Security-Policy': policy, ...isolation } },
});
