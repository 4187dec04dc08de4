// The delay from mouth to ear: one sentence in the room's head, and behind it where the time goes.

import { samplesToMs } from '../audio/units.ts';
import { lastStages } from './delay-history.ts';
import { DelayPlot } from './delay-plot.tsx';
import { PlayoutPlot } from './playout-plot.tsx';
import { Sheet } from './sheet.tsx';
import { rounded, STAGES, type Stages, sum } from './stages.ts';
import {
  concealedMs,
  delayMs,
  delaySamples,
  delayVerdict,
  heardAgeMs,
  heardLevel,
  leftOut,
  others,
  playout,
  roundTripMs,
  uplink,
} from './store.ts';
import { type Key, t } from './words.ts';

const SENTENCE: Record<typeof delayVerdict.value, Key> = {
  good: 'delayGood',
  fair: 'delayFair',
  poor: 'delayPoor',
  device: 'delayDevice',
  own_link: 'delayOwnLink',
  their_link: 'delayTheirLink',
};

/** So much concealed in a minute is heard. */
const AUDIBLE_GAPS_MS = 400;

/** It stays while the sheet behind it has something to say. What is read is that of the stages; newer figures are in the attributes, for whoever measures. */
export function DelayButton({ onClick }: { onClick: () => void }) {
  const ms = delayMs.value;
  const stats = playout.value;
  const last = lastStages(delaySamples.value);
  if ((ms === null && last === null) || stats === null) return null;
  return (
    <button
      class={`delay ${delayVerdict.value}`}
      type="button"
      data-testid="delay"
      data-ms={ms ?? ''}
      data-age-ms={heardAgeMs.value ?? ''}
      data-target-ms={Math.round(stats.targetUs / 1000)}
      data-level-ms={Math.round(stats.levelUs / 1000)}
      data-concealed-ms={Math.round(samplesToMs(stats.concealedSamples))}
      data-underruns={stats.underruns}
      data-discarded={stats.discarded}
      data-heard={heardLevel.value}
      data-left-out={leftOut.value}
      data-stages={last === null ? '' : JSON.stringify(rounded(last))}
      onClick={onClick}
    >
      <span class="delay-number">
        <strong>{ms === null ? '–' : last === null ? ms : Math.round(sum(last))}</strong> ms
      </span>
      <span class="delay-words">{t('mouthToEar')}</span>
      <span class="unseen">{t('delayLabel')}</span>
    </button>
  );
}

export function DelaySheet({ onClose }: { onClose: () => void }) {
  const last = lastStages(delaySamples.value);
  const stats = playout.value;
  const shown = last === null ? null : rounded(last);
  return (
    <Sheet title={t('delay')} testid="delay-sheet" onClose={onClose}>
      <p class={`verdict ${delayVerdict.value}`} data-testid="delay-sentence">
        {shown === null ? t('delayWaiting') : sentence(sum(shown))}
      </p>
      {concealedMs.value >= AUDIBLE_GAPS_MS && (
        <p data-testid="delay-gaps">{t('gaps', { ms: Math.round(concealedMs.value) })}</p>
      )}
      {shown !== null && (
        <>
          <dl class="stages" data-testid="stages">
            {shownStages(shown).map((stage) => (
              <Stage key={stage} stage={stage} label={label(stage, shown)} ms={shown[stage]} />
            ))}
            <Stage stage="sum" label="stageSum" ms={sum(shown)} />
          </dl>
          <h3>{t('lastMinute')}</h3>
          <DelayPlot />
          <h3>{t('playoutMinute')}</h3>
          <PlayoutPlot />
        </>
      )}
      <dl class="figures">
        <Figure label="roundTrip" value={`${Math.round(roundTripMs.value)} ms`} />
        <Figure label="ownUplink" value={`${uplink.value.lagMs} ms`} />
        <Figure label="jitterTarget" value={`${Math.round((stats?.targetUs ?? 0) / 1000)} ms`} />
        <Figure label="concealed" value={`${Math.round(concealedMs.value)} ms`} />
        <Figure label="discarded" value={String(stats?.discarded ?? 0)} />
        <Figure label="leftOut" value={String(leftOut.value)} />
        <Figure label="withheld" value={String(uplink.value.withheld)} />
        <Figure label="overdue" value={String(uplink.value.overdue)} />
      </dl>
    </Sheet>
  );
}

function sentence(ms: number): string {
  const talkers = others.value.filter((p) => p.talking);
  const [sole] = talkers;
  const verdict = delayVerdict.value;
  const named = verdict === 'their_link' && (sole === undefined || talkers.length > 1) ? 'poor' : verdict;
  return t(SENTENCE[named], { ms, name: sole?.name ?? '' });
}

function Stage({ stage, label, ms }: { stage: keyof Stages | 'sum'; label: Key; ms: number }) {
  return (
    <div class={`stage ${stage}`} data-stage={stage} data-ms={ms}>
      <dt>{t(label)}</dt>
      <dd>{ms} ms</dd>
    </div>
  );
}

/** Where nobody says what the microphone costs, it is part of the way up. */
const shownStages = (shown: Stages) => STAGES.filter((stage) => stage !== 'capture' || shown.capture > 0);
const label = (stage: keyof Stages, shown: Stages): Key =>
  stage === 'uplink' && shown.capture === 0 ? 'stageUplinkWhole' : LABELS[stage];

const LABELS: Record<keyof Stages, Key> = {
  capture: 'stageCapture',
  packet: 'stagePacket',
  uplink: 'stageUplink',
  buffer: 'stageBuffer',
  mix: 'stageMix',
  downlink: 'stageDownlink',
  jitter: 'stageJitter',
  device: 'stageDevice',
};

function Figure({ label, value }: { label: Key; value: string }) {
  return (
    <div>
      <dt>{t(label)}</dt>
      <dd>{value}</dd>
    </div>
  );
}
