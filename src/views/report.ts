/** A trace as one HTML file that works offline: the sentence, every head, the square and the numbers. */
import type { Overview } from '../lens/index.ts';
import { face, themes, xml } from './ink.ts';
import type { Language } from './language.ts';
import { type ReportData, reportPage } from './reportPage.ts';

const words = {
  en: {
    title: 'Where it looks',
    asks: 'Choose a word: it asks, and the arcs run to what it looks at. Left and right keys go on.',
    looks: 'Queries are rows, keys columns, in the order of the sentence. Click a row to ask from there.',
    weight: 'weight',
    contribution: 'contribution',
    measure:
      'Weight: what the model gives, summed into a word, from a word by its first token; a row sums to 1. Contribution: weight × length of what is carried, ‖weight · f(x)‖ (Kobayashi et al. 2020); a head may look at a word and take almost nothing from it.',
    head: 'head',
    layer: 'layer',
    itself: 'itself',
    special: 'separator',
    sum: 'sum',
    heads: 'All heads: a row a layer. Layers and heads count from 0.',
    numbers: 'The numbers',
    square: 'The square',
    made: 'Computed on this machine; the file holds all that it shows and fetches nothing.',
  },
  ko: {
    title: '어디를 보는가',
    asks: '단어를 고르면 그 단어가 묻고, 곡선이 바라보는 단어로 이어집니다. 왼쪽·오른쪽 키로 옮겨 갑니다.',
    looks: '행은 질문(Query), 열은 색인(Key)이며 문장의 순서를 따릅니다. 행을 누르면 그 단어가 묻습니다.',
    weight: '가중치',
    contribution: '기여',
    measure:
      '가중치: 모델이 준 값 그대로이며, 단어로 향하는 것은 토큰을 더하고 단어의 시선은 첫 토큰의 것입니다. 한 행의 합은 1입니다. 기여: 가중치에 실려 오는 내용의 길이를 곱한 ‖가중치 · f(x)‖입니다(Kobayashi 외 2020). 바라보기만 하고 거의 가져오지 않을 수도 있습니다.',
    head: '헤드',
    layer: '층',
    itself: '자기 자신',
    special: '구분 토큰',
    sum: '합계',
    heads: '모든 헤드: 한 줄이 한 층입니다. 층과 헤드는 0부터 셉니다.',
    numbers: '숫자',
    square: '행렬',
    made: '이 컴퓨터에서 계산했습니다. 보이는 것은 모두 파일 안에 있고, 아무것도 내려받지 않습니다.',
  },
} as const;

const paint = (theme: keyof typeof themes): string =>
  Object.entries(themes[theme])
    .map(([name, colour]) => `--${name}:${colour}`)
    .join(';');

const style = `
:root{color-scheme:light dark;${paint('light')}}
@media (prefers-color-scheme:dark){:root{${paint('dark')}}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.6 ${face};word-break:keep-all}
main{max-width:1080px;margin:0 auto;padding:40px 24px 64px}
h1,h2{font-weight:600;line-height:1.3}h1{font-size:24px;margin:0 0 4px}h2{font-size:16px;margin:40px 0 8px}
p{margin:0 0 12px;max-width:70ch}.faint{color:var(--faint)}
button{font:inherit;color:inherit;background:none;border:0;padding:0;cursor:pointer}
button:focus-visible,canvas:focus-visible{outline:2px solid var(--query);outline-offset:3px}
.measure{display:flex;gap:20px;margin:16px 0}
.measure button{color:var(--faint);padding:2px 0}.measure button[aria-pressed=true]{color:var(--ink);font-weight:600;border-bottom:2px solid var(--score)}
.gaze{overflow-x:auto;padding-bottom:8px}
#arcs{display:block;height:132px}#arcs path{fill:none;stroke:var(--score);stroke-linecap:round}
#sentence{display:flex;flex-wrap:wrap;gap:8px 22px;align-items:flex-start}
.word{display:flex;flex-direction:column;align-items:center;min-width:48px}
.word .text{font-size:24px;border-bottom:2px solid transparent}.word.special .text{font-size:16px;line-height:38px;color:var(--faint)}
.word[aria-pressed=true] .text{color:var(--query);border-color:var(--query)}
.bar{width:100%;height:4px;margin:6px 0 2px;background:linear-gradient(var(--score),var(--score)) no-repeat 0 0/calc(100%*var(--share)) 100%}
.number{font-variant-numeric:tabular-nums}
#saying{font-size:16px;margin:20px 0 0}
#heads{display:grid;grid-template-columns:repeat(min(var(--heads),12),minmax(56px,88px));gap:12px}
.head{display:flex;flex-direction:column;gap:4px;font-size:12px;color:var(--faint)}
.head canvas{width:100%;aspect-ratio:1;image-rendering:pixelated;border:1px solid var(--rule)}
.head[aria-pressed=true]{color:var(--ink)}.head[aria-pressed=true] canvas{border-color:var(--query);box-shadow:0 0 0 1px var(--query)}
.pair{display:grid;grid-template-columns:minmax(0,420px) minmax(220px,1fr);gap:0 48px}
#matrix{width:100%;aspect-ratio:1;image-rendering:pixelated;border:1px solid var(--rule);cursor:crosshair}
#hover{min-height:1.6em;font-variant-numeric:tabular-nums}
table{border-collapse:collapse}td{padding:2px 24px 2px 0}td.number{text-align:right;padding-right:0}
.sum td{border-top:1px solid var(--rule)}
footer{margin-top:48px;font-size:12px;color:var(--faint)}
@media (max-width:720px){.pair{grid-template-columns:1fr}#heads{grid-template-columns:repeat(auto-fill,minmax(64px,1fr))}}
`;

/** Base64 of the numbers' bytes. */
function packed(numbers: Float32Array): string {
  const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  let text = '';
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}

/** The report of an overview: what it opens with is the head and word given. */
export function reportHtml(
  overview: Overview,
  {
    language,
    start,
  }: {
    readonly language: Language;
    readonly start: { readonly layer: number; readonly head: number; readonly query: number };
  },
): string {
  const t = words[language];
  const data: ReportData = {
    words: overview.words.map(({ text, word, tokens }) => ({
      text,
      word,
      tokens: tokens.map((i) => overview.tokens[i]!),
    })),
    layerCount: overview.layerCount,
    headCount: overview.headCount,
    weights: packed(overview.weights),
    contributions: packed(overview.contributions),
    start,
    say: t,
  };
  // Inside a script element only `<` could end it early.
  const json = JSON.stringify(data).replaceAll('<', '\\u003c');
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<title>${xml(`${t.title}: ${overview.text}`)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${xml(t.title)}</h1>
<p class="faint">${xml(`${overview.model}. ${t.asks}`)}</p>
<div class="measure" role="group"><button type="button" id="weight">${t.weight}</button><button type="button" id="contribution">${t.contribution}</button></div>
<div class="gaze"><svg id="arcs" aria-hidden="true"></svg><div id="sentence"></div></div>
<p id="saying" aria-live="polite"></p>
<h2>${xml(t.heads)}</h2>
<div id="heads"></div>
<div class="pair">
<section><h2>${xml(t.square)}</h2><canvas id="matrix" role="img" aria-label="${xml(t.looks)}"></canvas><p id="hover"></p><p class="faint">${xml(t.looks)}</p></section>
<section><h2>${xml(t.numbers)}</h2><table><tbody id="rows"></tbody></table></section>
</div>
<p class="faint">${xml(t.measure)}</p>
<footer>${xml(t.made)}</footer>
</main>
<script>(${reportPage.toString()})(${json});</script>
</body>
</html>
`;
}
