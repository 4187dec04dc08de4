// A plot over the last minute. Only who looks at one loads what draws it.

import { useEffect, useRef } from 'preact/hooks';
import type uPlot from 'uplot';
import { PLOTTED_S } from './plot-columns.ts';

type Parts = Pick<uPlot.Options, 'series'> & { scales: uPlot.Scales; axes: uPlot.Axis[] };

/** What options are made with: the theme's colours, and paths of uPlot's own. */
export interface Drawing {
  colour: (name: string) => string;
  axis: uPlot.Axis;
  paths: typeof uPlot.paths;
}

interface PlotProps {
  testid: string;
  /** What it shows, in words. */
  label: string;
  height: number;
  /** Looked at once. */
  parts: (drawing: Drawing) => Parts;
  columns: uPlot.AlignedData;
}

export function Plot({ testid, label, height, parts, columns }: PlotProps) {
  const element = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const newest = useRef(columns);
  newest.current = columns;
  useEffect(() => {
    let gone = false;
    const turned = new ResizeObserver(([entry]) => plot.current?.setSize({ width: entry!.contentRect.width, height }));
    const draw = async () => {
      const [{ default: Drawn }] = await Promise.all([import('uplot'), import('uplot/dist/uPlot.min.css')]);
      const place = element.current;
      if (gone || place === null) return;
      plot.current = new Drawn(options(place, height, parts, Drawn.paths), newest.current, place);
      turned.observe(place);
    };
    // A relay that was updated meanwhile has other files: what is said in words is there all the same.
    draw().catch(() => {});
    return () => {
      gone = true;
      turned.disconnect();
      plot.current?.destroy();
    };
  }, []);
  useEffect(() => plot.current?.setData(columns), [columns]);
  return <div ref={element} class="plot" data-testid={testid} role="img" aria-label={label} />;
}

function options(
  place: HTMLElement,
  height: number,
  parts: PlotProps['parts'],
  paths: typeof uPlot.paths,
): uPlot.Options {
  const style = getComputedStyle(place);
  const colour = (name: string) => style.getPropertyValue(name);
  const font = `13px ${style.fontFamily}`;
  const axis = { stroke: colour('--soft'), font, grid: { stroke: colour('--line'), width: 1 }, ticks: { show: false } };
  const { series, scales, axes } = parts({ colour, axis, paths });
  return {
    width: place.clientWidth,
    height,
    padding: [8, null, 0, null],
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: false, range: [-PLOTTED_S, 0] }, ...scales },
    axes: [{ ...axis, size: 28, values: (_, ticks) => ticks.map((s) => `${s} s`) }, ...axes],
    series: [{}, ...series],
  };
}
