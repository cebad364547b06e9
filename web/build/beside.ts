import type { Plugin } from 'vite';

/** What `main.ts` imports once the worker has begun, and the first part. */
const soon = ['/src/page.ts', '/src/parts/Opening.svelte'];

/** Tells the browser of scripts and styles that it will want at once, before the script that asks for them has come. */
export function beside(): Plugin {
  return {
    name: 'beside',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler(_, { bundle = {} }) {
        const [scripts, styles] = [new Set<string>(), new Set<string>()];
        const want = (name: string): void => {
          const chunk = bundle[name];
          if (chunk?.type !== 'chunk' || chunk.isEntry || scripts.has(name)) return;
          scripts.add(name);
          for (const style of chunk.viteMetadata?.importedCss ?? []) styles.add(style);
          chunk.imports.forEach(want);
        };
        // In this order: what a part says of its looks comes after what holds for all.
        for (const end of soon)
          for (const [name, chunk] of Object.entries(bundle))
            if (chunk.type === 'chunk' && chunk.facadeModuleId?.endsWith(end)) want(name);
        return [
          ...[...scripts].map((name) => ({ rel: 'modulepreload', href: `./${name}` })),
          ...[...styles].map((name) => ({ rel: 'stylesheet', href: `./${name}` })),
        ].map((attrs) => ({ tag: 'link', attrs: { ...attrs, crossorigin: true }, injectTo: 'head' as const }));
      },
    },
  };
}
