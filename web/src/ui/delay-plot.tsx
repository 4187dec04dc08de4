// The delay over the last minute: the stages on top of each other, so that the upper edge is the whole.

import { type Drawing, Plot } from './plot.tsx';
import { stageColumns } from './plot-columns.ts';
import { STAGES } from './stages.ts';
import { delaySamples } from './store.ts';
import { t } from './words.ts';

const HEIGHT = 140;
/** From the last stage to the first: each is drawn over the one that holds it. */
const COLOURS = STAGES.map((stage) => `--stage-${stage}`).reverse();

export function DelayPlot() {
  return (
    <Plot
      testid="delay-plot"
      label={t('lastMinute')}
      height={HEIGHT}
      parts={parts}
      columns={stageColumns(delaySamples.value)}
    />
  );
}

const parts = ({ colour, axis }: Drawing) => ({
  scales: { y: { range: (_: unknown, __: number, max: number): [number, number] => [0, Math.max(100, max * 1.1)] } },
  axes: [
    { ...axis, size: 44, values: (_: unknown, ticks: number[]) => ticks.map(String) },
    // Nothing on the right here, but the plot below has: the times of both are under each other.
    { ...axis, side: 1, size: 44, values: () => [], grid: { show: false } },
  ],
  series: COLOURS.map((name) => ({
    stroke: colour(name),
    fill: colour(name),
    width: 1,
    points: { show: false },
    spanGaps: false,
  })),
});
