/** A trace as one HTML file that works offline: the sentence, every head, the square and the numbers. */
import type { LayerPlace } from '../attention/index.ts';
import type { Group, Overview, OverviewPart } from '../lens/index.ts';
import { face, themes, xml } from './ink.ts';
import { type Language, particle, placeName } from './language.ts';
import { type ReportData, type ReportPart, type ReportWord, reportPage } from './reportPage.ts';

const words = {
  en: {
    title: 'Where it looks',
    asks: 'Choose a word: it asks. Bars beneath the words show what it looks at, and arcs where the sentence stands on one line. The left and right arrow keys go on.',
    looks: 'Queries are rows, keys columns, in the order of the sentence.',
    keys: 'Hover to see a cell, click or use the arrow keys to keep it, Escape to let it go.',
    cell: 'No cell is chosen.',
    score: 'score',
    weight: 'weight',
    contribution: 'contribution',
    measure:
      'Score: log Σ exp over a key word’s tokens, after mask and bias. Weight: what the model gives, summed into a word, from a word by its first token; a row sums to 1. Contribution: the length of what is carried, a word’s tokens together, |Σ weight · f(x)| (Kobayashi et al. 2020, without the value bias); a head may look at a word and take almost nothing from it.',
    head: 'head',
    attention: 'attention',
    encoder: 'encoder',
    decoder: 'decoder',
    cross: 'decoder → encoder’s text',
    encodersText: 'the encoder’s text',
    decodersText: 'the decoder’s text',
    itself: 'itself',
    special: 'separator',
    sum: 'sum',
    masked: 'masked',
    largest: 'largest of this head',
    heads: 'All heads',
    headsNote: 'Layer after layer, head after head; both count from 0.',
    numbers: 'The numbers',
    square: 'One head',
    word: 'key',
    made: 'Computed on this machine. The file holds all that it shows and fetches nothing.',
  },
  ko: {
    title: '어디를 보는가',
    asks: '단어를 고르면 그 단어가 묻습니다. 무엇을 바라보는지 단어 밑의 막대가 보이고, 문장이 한 줄에 들어가면 곡선도 이어집니다. 왼쪽과 오른쪽 화살표 키로 옮겨 갑니다.',
    looks: '행은 질문(Query), 열은 색인(Key)이며 문장의 순서를 따릅니다.',
    keys: '칸에 올리면 값이 보이고, 누르거나 화살표 키를 쓰면 고정되며, Esc로 풀립니다.',
    cell: '고른 칸이 없습니다.',
    score: '점수',
    weight: '가중치',
    contribution: '기여',
    measure:
      '점수: 색인 단어의 토큰에 걸친 log Σ exp이며, 마스크와 편향을 더한 뒤의 값입니다. 가중치: 모델이 준 값 그대로이며, 단어로 향하는 것은 토큰을 더하고 단어의 시선은 첫 토큰의 것입니다. 한 행의 합은 1입니다. 기여: 실려 오는 내용의 길이 |Σ 가중치 · f(x)|이며 단어의 토큰을 함께 셉니다(Kobayashi 외 2020, 내용(Value)의 편향은 빼고). 바라보기만 하고 거의 가져오지 않을 수도 있습니다.',
    head: '헤드',
    attention: '어텐션',
    encoder: '인코더',
    decoder: '디코더',
    cross: '디코더 → 인코더의 글',
    encodersText: '인코더의 글',
    decodersText: '디코더의 글',
    itself: '자기 자신',
    special: '구분 토큰',
    sum: '합계',
    masked: '가려짐',
    largest: '이 헤드에서 가장 큰 값',
    heads: '모든 헤드',
    headsNote: '층을 차례로, 층마다 헤드를 차례로 놓았습니다. 둘 다 0부터 셉니다.',
    numbers: '숫자',
    square: '헤드 하나',
    word: '색인',
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
main{max-width:1240px;margin:0 auto;padding:40px 24px 64px}
h1,h2{font-weight:600;line-height:1.3}h1{font-size:24px;margin:0 0 4px}h2{font-size:16px;margin:40px 0 8px}
p{margin:0 0 12px;max-width:70ch}.note{font-size:14px}.measured{margin-top:40px}.faint{color:var(--faint)}
button{font:inherit;color:inherit;background:none;border:0;padding:0;cursor:pointer}
button:focus-visible,canvas:focus-visible,.wide:focus-visible{outline:2px solid var(--query);outline-offset:3px}
.measure{display:flex;flex-wrap:wrap;gap:4px 20px;margin:16px 0}.measure:empty{display:none}#parts{margin-bottom:0}
.measure button{color:var(--faint);padding:2px 0}.measure button[aria-pressed=true]{color:var(--ink);font-weight:600;border-bottom:2px solid var(--score)}
.gaze{overflow-x:auto;padding-bottom:8px}.gaze p{margin:0}.gaze p:empty,.sentence:empty{display:none}
#arcs{display:block;height:132px}#arcs path{fill:none;stroke:var(--score);stroke-linecap:round}
.sentence{display:flex;flex-wrap:wrap;gap:8px 22px;align-items:flex-start}
.word{display:flex;flex-direction:column;align-items:center;min-width:48px}
.word .text{font-size:24px;border-bottom:2px solid transparent}.word.special .text{font-size:16px;line-height:38px;color:var(--faint)}
.word[aria-pressed=true] .text{color:var(--query);border-color:var(--query)}
.bar{width:100%;height:4px;margin:6px 0 2px;background:linear-gradient(var(--score),var(--score)) no-repeat 0 0/calc(100%*var(--share)) 100%}
.number{font-variant-numeric:tabular-nums}
#saying{font-size:16px;margin:20px 0 0}
.room{display:grid;grid-template-columns:auto minmax(0,460px) minmax(min-content,1fr);gap:0 clamp(20px,3vw,56px);align-items:start}
.room.many{grid-template-columns:minmax(0,460px) minmax(0,1fr)}.many .all{grid-column:1/-1}
#heads{display:grid;grid-template-columns:repeat(min(var(--heads),12),72px);gap:14px 12px}
.head{display:flex;flex-direction:column;gap:4px;font-size:12px;color:var(--faint)}
.head canvas{outline:1px solid var(--rule)}
.head[aria-pressed=true]{color:var(--ink);font-weight:600}.head[aria-pressed=true] canvas{outline:2px solid var(--query)}
#matrix{display:block;max-width:100%;cursor:crosshair}
#cell{min-height:3.2em;margin:8px 0 0;font-variant-numeric:tabular-nums}
.scale{display:flex;align-items:center;gap:8px;font-size:12px;color:var(--faint);margin:10px 0}
.scale i{width:120px;height:8px;background:linear-gradient(90deg,var(--ground),var(--score));outline:1px solid var(--rule)}
.wide{overflow-x:auto}
table{border-collapse:collapse}th{font-weight:400;text-align:left}td,th{padding:2px 0 2px 18px}th:first-child{padding-left:0}
td.number,thead th:not(:first-child){text-align:right}thead th{color:var(--faint);font-size:12px}
td.score{color:var(--score)}td.value{color:var(--value)}
tr[aria-current] th{color:var(--key);font-weight:600}
.sum td,.sum th{border-top:1px solid var(--rule)}
footer{margin-top:48px;font-size:12px;color:var(--faint)}
@media (max-width:1000px){.room,.room.many{grid-template-columns:minmax(0,1fr)}#heads{grid-template-columns:repeat(auto-fill,72px)}}
`;

/** Base64 of the numbers' bytes. */
function packed(numbers: Float32Array): string {
  const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  let text = '';
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}

/** One attention as the page reads it; unless said, it opens with the last layer's head 0 and the last word. */
function partData(
  { stack, layers, headCount, queries, keys, weights, contributions, scores }: OverviewPart,
  language: Language,
  start: { readonly layer: LayerPlace; readonly head: number; readonly query: number } | null,
): ReportPart {
  const t = words[language];
  const own = (list: readonly Group[]): ReportWord[] =>
    list.map(({ text, word }) => ({ text, topic: `‘${text}’${particle(text, '은')}`, word }));
  const last = queries.findLastIndex(({ word }) => word !== null);
  return {
    name: stack ? t[stack] : '',
    queries: own(queries),
    keys: own(keys),
    crossed: stack === 'cross' ? { queries: t.decodersText, keys: t.encodersText } : null,
    layers: layers.map((layer) => placeName(layer, language)),
    headCount,
    weights: packed(weights),
    contributions: packed(contributions),
    scores: packed(scores),
    start: start
      ? { layer: layers.indexOf(start.layer), head: start.head, query: start.query }
      : { layer: layers.length - 1, head: 0, query: last },
  };
}

/** The report of an overview; it opens with the head of a place, and the word that asks there, by its index in the row. */
export function reportHtml(
  overview: Overview,
  {
    language,
    start,
  }: {
    readonly language: Language;
    readonly start: { readonly layer: LayerPlace; readonly head: number; readonly query: number };
  },
): string {
  const t = words[language];
  const part = overview.parts.findIndex(({ layers }) => layers.includes(start.layer));
  const data: ReportData = {
    parts: overview.parts.map((one, index) => partData(one, language, index === part ? start : null)),
    part,
    korean: language === 'ko',
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
<div class="measure" role="group" aria-label="${t.attention}" id="parts"></div>
<div class="measure" role="group" aria-label="${xml(`${t.weight}, ${t.contribution}`)}"><button type="button" id="weight">${t.weight}</button><button type="button" id="contribution">${t.contribution}</button></div>
<div class="gaze"><p class="faint note" id="queries"></p><div class="sentence" id="asking"></div><svg id="arcs" aria-hidden="true"></svg><div class="sentence" id="sentence"></div><p class="faint note" id="keys"></p></div>
<p id="saying" aria-live="polite"></p>
<div class="room" id="room">
<section class="all"><h2>${xml(t.heads)}</h2><p class="faint note">${xml(t.headsNote)}</p><div id="heads"></div></section>
<section id="square"><h2>${xml(t.square)}</h2><p class="faint note">${xml(t.looks)}</p><canvas id="matrix" tabindex="0" role="img" aria-label="${xml(`${t.looks} ${t.keys}`)}" aria-describedby="cell"></canvas>
<p class="scale"><span>0</span><i></i><span id="full"></span></p>
<p id="cell" aria-live="polite"></p><p class="faint note">${xml(t.keys)}</p></section>
<section><h2>${xml(t.numbers)}</h2><div class="wide" tabindex="0" role="region" aria-label="${xml(t.numbers)}"><table><thead><tr><th scope="col">${xml(t.word)}</th><th scope="col">${xml(t.score)}</th><th scope="col">${xml(t.weight)}</th><th scope="col">${xml(t.contribution)}</th></tr></thead><tbody id="rows"></tbody></table></div></section>
</div>
<p class="faint measured">${xml(t.measure)}</p>
<footer>${xml(t.made)}</footer>
</main>
<script>(${reportPage.toString()})(${json});</script>
</body>
</html>
`;
}
