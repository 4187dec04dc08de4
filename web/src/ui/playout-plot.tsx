// How it was played over the last minute: level and target of the jitter buffer as lines, what was concealed as bars, and
// a mark where packets were discarded. Each has a form of its own, so that nobody has to tell colours apart.

import { concealedIn, discardedIn } from './delay-history.ts';
import { type Drawing, Plot } from './plot.tsx';
import { playoutColumns, QUIETEST_DB } from './plot-columns.ts';
import { delaySamples } from './store.ts';
import { type Key, t } from './words.ts';

const HEIGHT = 120;
/** Marks are near the upper edge, which is 1.1. */
const MARKS = [0, 1.1] as const;
/** At least this much on the axis of milliseconds. */
const LEAST_MS = 100;

const LEGEND: [form: string, word: Key][] = [
  ['level', 'plotLevel'],
  ['target', 'plotTarget'],
  ['concealed', 'plotConcealed'],
  ['discarded', 'plotDiscarded'],
];

export function PlayoutPlot() {
  return (
    <>
      <Plot
        testid="playout-plot"
        label={inWords()}
        height={HEIGHT}
        parts={parts}
        columns={playoutColumns(delaySamples.value)}
      />
      <ul class="legend">
        {LEGEND.map(([form, word]) => (
          <li key={form} class={`legend-${form}`}>
            {t(word)}
          </li>
        ))}
      </ul>
    </>
  );
}

function inWords(): string {
  const samples = delaySamples.value;
  const last = samples.at(-1);
  return t('playoutText', {
    level: -(last?.level ?? 0),
    target: Math.round(last?.targetMs ?? 0),
    concealed: Math.round(concealedIn(samples)),
    discarded: discardedIn(samples),
  });
}

const spelt = (_: unknown, ticks: number[]) => ticks.map(String);

const parts = ({ colour, axis, paths }: Drawing) => ({
  scales: {
    y: { range: [QUIETEST_DB, 0] as [number, number] },
    ms: { range: (_: unknown, __: number, max: number): [number, number] => [0, Math.max(LEAST_MS, max * 1.1)] },
    marks: { range: [...MARKS] as [number, number] },
  },
  axes: [
    { ...axis, size: 44, splits: () => [QUIETEST_DB, QUIETEST_DB / 2, 0], values: spelt },
    { ...axis, scale: 'ms', side: 1, size: 44, space: 24, grid: { show: false }, values: spelt },
  ],
  series: [
    { scale: 'ms', fill: colour('--warn'), width: 0, paths: paths.bars!({ size: [1, 6, 3] }), points: { show: false } },
    { scale: 'ms', stroke: colour('--info'), width: 2, dash: [4, 4], points: { show: false } },
    { stroke: colour('--live'), width: 2, points: { show: false } },
    {
      scale: 'marks',
      width: 0,
      paths: () => null,
      points: { show: true, size: 9, fill: colour('--off'), stroke: colour('--off') },
    },
  ],
});
