import type { Plugin } from 'vite';
import { hubHosts } from '../src/explore/hub.ts';

/**
 * Where models come from when the visitor asks for one. A build cannot know where a mirror listens on the visitor's own
 * machine, and no name that could lead elsewhere is let in. The page asks there for nothing unless the visitor has written
 * the address; what else runs on that machine is guarded by CORS as from any page.
 */
const hubs = hubHosts.join(' ');

/** Everything from the page's own origin, but for models of a hub; WebAssembly may be compiled, nothing else may be evaluated. */
export const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self'",
  `connect-src 'self' ${hubs}`,
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** With these the page is cross-origin isolated, and its threads may share memory. */
export const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** Writes the policy into the built page, so that it holds on any static host; the development server needs inline styles. */
export function contentPolicy(): Plugin {
  return {
    name: 'content-policy',
    apply: 'build',
    transformIndexHtml: () => [
      { tag: 'meta', attrs: { 'http-equiv': 'Content-Security-Policy', content: policy }, injectTo: 'head-prepend' },
    ],
  };
}
