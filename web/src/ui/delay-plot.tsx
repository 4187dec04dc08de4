// The last minute as a plot: the stages on top of each other, so that the upper edge is the whole.

import { useEffect, useRef } from 'preact/hooks';
import type uPlot from 'uplot';
import type { Sample } from './delay-history.ts';
import { STAGES } from './stages.ts';
import { delaySamples } from './store.ts';
import { t } from './words.ts';

const HEIGHT = 160;
const WINDOW_S = 60;
/** Samples further apart are silence between talkspurts, and no line goes over it. */
const GAP_MS = 1_500;
/** From the last stage to the first: each is drawn over the one that holds it. */
const COLOURS = STAGES.map((stage) => `--stage-${stage}`).reverse();

export function DelayPlot() {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let plot: uPlot | null = null;
    let unsubscribe = () => {};
    let gone = false;
    // Only who looks at the plot loads what draws it.
    Promise.all([import('uplot'), import('uplot/dist/uPlot.min.css')]).then(([{ default: Plot }]) => {
      const place = element.current;
      if (gone || place === null) return;
      plot = new Plot(options(place), columns(delaySamples.peek()), place);
      unsubscribe = delaySamples.subscribe((samples) => plot?.setData(columns(samples)));
    });
    return () => {
      gone = true;
      unsubscribe();
      plot?.destroy();
    };
  }, []);
  return <div ref={element} class="plot" data-testid="delay-plot" role="img" aria-label={t('lastMinute')} />;
}

function options(place: HTMLElement): uPlot.Options {
  const style = getComputedStyle(place);
  const colour = (name: string) => style.getPropertyValue(name);
  const font = `13px ${style.fontFamily}`;
  const axis = { stroke: colour('--soft'), font, grid: { stroke: colour('--line'), width: 1 }, ticks: { show: false } };
  return {
    width: place.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: false, range: [-WINDOW_S, 0] }, y: { range: (_, __, max) => [0, Math.max(100, max * 1.1)] } },
    axes: [
      { ...axis, values: (_, ticks) => ticks.map((s) => `${s} s`) },
      { ...axis, size: 44, values: (_, ticks) => ticks.map(String) },
    ],
    series: [
      {},
      ...COLOURS.map((name) => ({
        stroke: colour(name),
        fill: colour(name),
        width: 1,
        points: { show: false },
        spanGaps: false,
      })),
    ],
  };
}

/** Seconds before now, then sums of the stages: all of them, all but the last, and so on to the first. */
function columns(samples: readonly Sample[]): uPlot.AlignedData {
  const x: number[] = [];
  const sums: (number | null)[][] = COLOURS.map(() => []);
  const now = samples.at(-1)?.atMs ?? 0;
  let before: number | null = null;
  for (const { atMs, stages } of samples) {
    if (before !== null && atMs - before > GAP_MS) {
      x.push((before + 1 - now) / 1000);
      for (const sum of sums) sum.push(null);
    }
    before = atMs;
    x.push((atMs - now) / 1000);
    let sum = 0;
    STAGES.forEach((stage, n) => {
      sum += stages[stage];
      sums[COLOURS.length - 1 - n]!.push(sum);
    });
  }
  return [x, ...sums];
}
