/** How a report looks: the page's own look, in a file that fetches nothing. */
import { face, inkOn, type Theme, themes } from '../ink.ts';

/** Where no number stands: grey as on the page, between a rule and letters. */
const stripe = { light: '#c9c9ce', dark: '#5a5b64' } as const;
/** What a number is written in, each from a share on. */
const inks = (theme: Theme): string => {
  const shares = Array.from({ length: 101 }, (_, i) => i / 100);
  const on = (share: number): string => inkOn(themes[theme].score, share, theme);
  return shares
    .filter((share, i) => i === 0 || on(share) !== on(shares[i - 1]!))
    .map((share) => `${share} ${on(share)}`)
    .join();
};

const paint = (theme: Theme): string =>
  Object.entries({ ...themes[theme], stripe: stripe[theme], inks: inks(theme) })
    .map(([name, colour]) => `--${name}:${colour}`)
    .join(';');

export const style = `
:root{color-scheme:light dark;font-size:clamp(16px,10px + .52vw,24px);${paint('light')}}
@media (prefers-color-scheme:dark){:root{${paint('dark')}}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:1rem/1.65 ${face};word-break:keep-all;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
main{max-width:80rem;margin:0 auto;padding:2.5rem clamp(1rem,4vw,3rem) 3rem}
h1,h2{font-weight:600;line-height:1.35;margin:0}h1{font-size:clamp(1.5rem,1.1rem + 1.6vw,2.125rem)}h2{font-size:1rem}
p,dl{margin:.75rem 0 0}p,dd{max-width:38rem;text-wrap:pretty}.faint{color:var(--faint)}.note,footer{font-size:.875rem;line-height:1.6}
.query{color:var(--query)}.key{color:var(--key)}
button{font:inherit;color:inherit;background:none;border:0;padding:0;cursor:pointer}
:focus-visible{outline:2px solid var(--query);outline-offset:3px;border-radius:.2rem}
.choice{display:flex;flex-wrap:wrap;gap:.5rem;margin-top:1.25rem}.choice:empty{display:none}
.choice button{padding:.25rem .8rem;border:1px solid var(--rule);border-radius:.375rem}
.choice button:hover{border-color:var(--faint)}.choice button[aria-pressed=true]{border-color:var(--ink);box-shadow:inset 0 0 0 1px var(--ink)}

.gaze{margin:1.5rem -.3rem 0;overflow-x:auto;padding:.3rem}.gaze p{margin:0}.gaze p:empty,.sentence:empty{display:none}
#arcs{display:block;height:8.25rem}#arcs path{fill:none;stroke:var(--score);stroke-linecap:round}
.sentence{display:flex;flex-wrap:wrap;gap:.5rem clamp(1.2rem,2.6vw,2.6rem);align-items:flex-start}
.word{display:flex;flex-direction:column;align-items:center;min-width:3rem}
.word .text{font-size:clamp(1.5rem,1.1rem + 1.3vw,2.1rem);line-height:1.5;border-bottom:2px solid transparent}
.word.special .text{font-size:1.1rem;line-height:clamp(2.25rem,1.65rem + 1.95vw,3.15rem);color:var(--faint)}
button.word:hover .text{border-color:var(--rule)}
.word[aria-pressed=true] .text{color:var(--query);border-color:var(--query);font-weight:600}
.bar{width:100%;height:.25rem;margin:.4rem 0 .1rem;background:linear-gradient(var(--score),var(--score)) no-repeat 0 0/calc(100%*var(--share)) 100%}
/* Where the words do not stand on one line, they stand one beneath the other, their arcs beside them. */
.down{display:flex}.down #arcs{flex:none;width:4.5rem;height:auto}
:is(.down,.listed) #sentence{flex:1;max-width:46rem;flex-direction:column;flex-wrap:nowrap;gap:0}
:is(.down,.listed) #sentence .word{width:100%;display:grid;grid-template-columns:minmax(6rem,auto) 3rem minmax(0,1fr);gap:0 .75rem;text-align:left;padding:.15rem 0}
:is(.down,.listed) #sentence .text{justify-self:start;font-size:1.25rem;line-height:1.7}:is(.down,.listed) #sentence .special .text{font-size:1rem;line-height:2.125rem}
:is(.down,.listed) .number{order:1;text-align:right}:is(.down,.listed) .bar{order:2;margin:0}
/* Another text of which that holds has no arcs: its bars say it. */
.listed{display:flex;flex-direction:column}.listed #keys{order:1;margin-top:1rem}.listed #sentence{order:2}
#saying{margin-top:1.25rem}

/* Heads and numbers have the room that they need, the square what is left. */
.room{display:grid;grid-template-columns:max-content minmax(0,29rem) max-content;justify-content:space-between;gap:0 clamp(1.5rem,3vw,3.5rem);align-items:start}
.room section{margin-top:3rem;min-width:0}.all{width:min-content}.room .all{min-width:14rem}
.many.room{grid-template-columns:minmax(0,29rem) max-content;justify-content:start}.many .all{grid-column:1/-1;width:auto}
#heads{display:grid;grid-template-columns:repeat(min(var(--heads),12),4.5rem);gap:.9rem .75rem;margin-top:1rem}
.head{display:flex;flex-direction:column;gap:.25rem;font-size:.75rem;color:var(--faint)}
.head canvas{outline:1px solid var(--rule)}.head:hover canvas{outline-color:var(--faint)}
.head[aria-pressed=true]{color:var(--ink)}.head[aria-pressed=true] canvas{outline:2px solid var(--ink)}
.axes{display:flex;gap:1.5rem}
#matrix{display:block;max-width:100%;margin-top:.5rem;cursor:crosshair}
#cell{min-height:1.65em}.finger{display:none}@media (hover:none){.finger{display:inline}.pointer{display:none}}
.scale{display:flex;flex-wrap:wrap;align-items:center;gap:.5rem}.scale [hidden]{display:none}
.scale i{width:7.5rem;height:.5rem;--half:color-mix(in srgb,var(--ground),var(--score));background:linear-gradient(90deg,var(--ground),var(--score));outline:1px solid var(--rule)}
/* Still from 0 to the largest in even steps: half of the colour is reached at a quarter. */
.rooted i{background:linear-gradient(90deg,var(--ground),color-mix(in srgb,var(--ground),var(--half)) 6.25%,var(--half) 25%,color-mix(in srgb,var(--half),var(--score)) 56.25%,var(--score))}
#rooted:empty{display:none}
.scale .stripes{width:1.5rem;margin-left:1rem;background:repeating-linear-gradient(135deg,var(--stripe) 0 1px,var(--ground) 1px 4px)}
.wide{overflow-x:auto;margin:.5rem -.3rem 0;padding:.3rem}
table{border-collapse:collapse}th{font-weight:400;text-align:left}td,th{padding:.15rem 0 .15rem 1.25rem;white-space:nowrap;vertical-align:baseline}th:first-child{padding-left:0}
td.number,thead th:not(:first-child){text-align:right}thead th{color:var(--faint);font-size:.875rem}
th small{font-size:.875rem;color:var(--faint)}
td.score,dt.score{color:var(--score)}td.weight{font-weight:600}td.value,dt.value{color:var(--value)}
tr[aria-current] th{color:var(--key);font-weight:600}
.sum td,.sum th{border-top:1px solid var(--rule)}
dl{display:grid;grid-template-columns:repeat(3,minmax(0,1fr));gap:1rem 2.5rem;margin-top:3.5rem;padding-top:1rem;border-top:1px solid var(--rule)}
dt{font-weight:600}dd{margin:.15rem 0 0}
footer{margin-top:2.5rem;color:var(--faint)}
@media (max-width:75rem){.room{grid-template-columns:minmax(0,29rem) max-content;justify-content:start}.all{grid-column:1/-1;width:auto}}
@media (max-width:62.5rem){.room,.many.room{grid-template-columns:minmax(0,1fr)}#heads{grid-template-columns:repeat(min(var(--heads),8),4.5rem)}}
@media (max-width:48rem){dl{grid-template-columns:minmax(0,1fr)}.room section{margin-top:2.5rem}#heads{grid-template-columns:repeat(min(var(--heads),4),4.5rem)}}
@media (max-width:26rem){td,th{padding-left:.7rem}th small{display:block}}
`;
