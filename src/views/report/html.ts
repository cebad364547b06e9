/** A trace as one HTML file that works offline: the sentence, every head, the square and the numbers. */
import type { LayerPlace } from '../../attention/index.ts';
import type { Group, Overview, OverviewPart } from '../../lens/index.ts';
import { arcMark } from '../arc.ts';
import { which } from '../caption.ts';
import { xml } from '../ink.ts';
import { joined } from '../joined.ts';
import { type Language, particle, placeName } from '../language.ts';
import { numerals } from '../numerals.ts';
import { shade } from '../shade.ts';
import { squareMarks } from '../squareMarks.ts';
import { numbersTable } from './numbers.ts';
import { type ReportData, type ReportPart, type ReportWord, reportPage } from './page.ts';
import { sentenceRow } from './sentence.ts';
import { squares } from './squares.ts';
import { style } from './style.ts';
import { words } from './words.ts';

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
  const own = (list: readonly Group[]): ReportWord[] => {
    const times = new Map<string, number>();
    for (const { text, word } of list) if (word !== null) times.set(text, (times.get(text) ?? 0) + 1);
    return list.map(({ text, word }) => ({
      text,
      which: word !== null && times.get(text)! > 1 ? which(word, language) : '',
      topic: joined(`‘${text}’${particle(text, '은')}`),
      word,
    }));
  };
  const last = queries.findLastIndex(({ word }) => word !== null);
  return {
    name: stack ? t[stack] : '',
    queries: own(queries),
    keys: own(keys),
    crossed: stack === 'cross' ? { queries: t.decodersText, keys: t.encodersText } : null,
    // No line parts a number from what it counts.
    layers: layers.map((layer) => placeName(layer, language).replace(/ (?=\d)/g, '\u00a0')),
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
    done,
  }: {
    readonly language: Language;
    /** What was done to the run, in one line: its weights are no longer what the model gives by itself. */
    readonly done?: string | undefined;
    readonly start: { readonly layer: LayerPlace; readonly head: number; readonly query: number };
  },
): string {
  const t = Object.fromEntries(
    Object.entries(words[language]).map(([name, text]) => [name, joined(text)]),
  ) as unknown as (typeof words)[Language];
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
<p>${xml(t.asks)}</p>
<p class="faint note">${xml(overview.model)}</p>${done ? `\n<p class="note" id="done">${xml(joined(done))}</p>` : ''}
<div class="choice" role="group" aria-label="${t.attention}" id="parts"></div>
<div class="choice" role="group" aria-label="${xml(`${t.weight}, ${t.contribution}`)}"><button type="button" id="weight">${t.weight}</button><button type="button" id="contribution">${t.contribution}</button></div>
<div class="choice"><button type="button" id="exact">${t.exact}</button></div>
<div class="gaze" id="gaze"><p class="faint note" id="queries"></p><div class="sentence" id="asking"></div><svg id="arcs" aria-hidden="true"></svg><div class="sentence" id="sentence"></div><p class="faint note" id="keys"></p></div>
<p id="saying" aria-live="polite"></p>
<div class="room" id="room">
<section class="all"><h2>${xml(t.heads)}</h2><p class="faint note">${xml(t.headsNote)}</p><div id="heads"></div></section>
<section id="square"><h2>${xml(t.square)}</h2><p class="axes note"><span class="query">${xml(t.queryAxis)}</span><span class="key">${xml(t.keyAxis)}</span></p><canvas id="matrix" tabindex="0" role="img" aria-label="${xml(`${t.looks} ${t.keys}`)}" aria-describedby="cell"></canvas>
<p class="scale note faint" id="scale"><span>0</span><i></i><span id="full"></span><i class="stripes" id="stripes"></i><span id="masked">${xml(t.masked)}</span></p><p class="faint note" id="rooted"></p>
<p class="faint note"><span class="pointer">${xml(t.keys)}</span><span class="finger">${xml(t.press)}</span></p><p id="cell" aria-live="polite"></p></section>
<section><h2>${xml(t.numbers)}</h2><div class="wide" tabindex="0" role="region" aria-label="${xml(t.numbers)}"><table><thead><tr><th scope="col">${xml(t.word)}</th><th scope="col">${xml(t.score)}</th><th scope="col">${xml(t.weight)}</th><th scope="col">${xml(t.contribution)}</th></tr></thead><tbody id="rows"></tbody></table></div></section>
</div>
<dl class="note">
<div><dt class="score">${xml(t.score)}</dt><dd>${xml(t.scoreNote)}</dd></div>
<div><dt>${xml(t.weight)}</dt><dd>${xml(done ? t.weightDone : t.weightNote)}</dd></div>
<div><dt class="value">${xml(t.contribution)}</dt><dd>${xml(t.contributionNote)}</dd></div>
</dl>
<footer>${xml(t.made)}</footer>
</main>
<script>(${reportPage.toString()})(${json},[${[sentenceRow, numbersTable, squares].join(',')}],{arcMark:${arcMark.toString()},shade:${shade.toString()},squareMarks:${squareMarks.toString()},numerals:${numerals.toString()}});</script>
</body>
</html>
`;
}
