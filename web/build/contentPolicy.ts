import type { Plugin } from 'vite';

/**
 * Where models come from when the visitor asks for one: the public hub, with the hosts that it sends large files from, or a
 * mirror on the visitor's own machine, on whatever port it listens: a build cannot know it, and no name that could lead
 * elsewhere is let in. The page asks there for nothing unless the visitor has written the address; what else runs on that
 * machine is guarded by CORS as from any page.
 */
const hubs = 'https://huggingface.co https://*.huggingface.co https://*.hf.co http://localhost:* http://127.0.0.1:*';

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
