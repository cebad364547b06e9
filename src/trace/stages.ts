/** Stages of a trace by name, whether recorded or recomputed. */
import { type AttentionPlace, derivedStages, layerStage, type StageName } from '../attention/index.ts';
import type { Model } from '../model/index.ts';
import { logitCount, logitRows } from './logits.ts';
import { attentionStages, headOutput } from './squares.ts';
import type { Stage } from './stage.ts';
import { noStage, recordedStage, type Trace } from './trace.ts';

/** Names of every stage that can be had from this trace (headOutput, and logits that it does not hold, with its model), in the order in which they are computed. */
export function traceStages(trace: Trace): StageName[] {
  const names: StageName[] = [];
  for (const name of trace.recorded.keys()) {
    // What is derived from query, key and value comes before the output that they lead to.
    const place = /^(.*)\.attentionOutput$/.exec(name)?.[1] as AttentionPlace | undefined;
    if (place) names.push(...derivedStages.map((stage) => layerStage(place, stage)));
    names.push(name);
  }
  if (trace.model.architecture.head && !trace.recorded.has('logits')) names.push('logits');
  return names;
}

const everyPosition = (trace: Trace): number[] => Array.from({ length: logitCount(trace) }, (_, i) => i);

/** Stages by name, recorded or recomputed; those of one layer are computed once. Throws `noStage`. */
export async function stages(trace: Trace, model: Model, names: readonly string[]): Promise<Map<StageName, Stage>> {
  const known = new Set<string>(traceStages(trace));
  const result = new Map<StageName, Stage>();
  const byPlace = new Map<string, ReturnType<typeof attentionStages>>();
  for (const asked of names) {
    if (!known.has(asked)) throw noStage(trace, asked);
    const name = asked as StageName;
    const [, path = '', stage = ''] = /^(.*)\.([^.]+)$/.exec(name) ?? [];
    const place = path as AttentionPlace;
    if (name === 'logits')
      result.set(name, trace.recorded.get(name) ?? (await logitRows(trace, model, everyPosition(trace))));
    else if (!(derivedStages as readonly string[]).includes(stage)) result.set(name, recordedStage(trace, name));
    else if (stage === 'headOutput') result.set(name, await headOutput(trace, model, place));
    else {
      if (!byPlace.has(place)) byPlace.set(place, attentionStages(trace, place));
      result.set(name, (await byPlace.get(place)!)[stage as 'scores' | 'maskedScores' | 'weights' | 'mixed']);
    }
  }
  return result;
}
