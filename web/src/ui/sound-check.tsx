// Sound check before joining: does the microphone hear me, how do I sound, does the speaker play?

import { signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { CaptureError } from '../audio/capture.ts';
import { SoundCheck as Check, playSound } from '../audio/sound-check.ts';
import { lookForDevices } from '../devices.ts';
import { onChange } from '../on-change.ts';
import { MicrophoneIcon, SpeakerIcon } from './icons.tsx';
import { Level } from './level.tsx';
import * as settings from './settings.ts';
import { type Key, t } from './words.ts';

/** Speech is louder than this. */
const HEARD_DBOV = 45;

const level = signal(127);
const heard = signal(false);

/** `ends`: somebody joins, and the microphone is needed. */
export function SoundCheck({ ends }: { ends: boolean }) {
  const check = useRef<Check | null>(null);
  /** Counts what was begun and ended: a microphone that comes late is for nobody. */
  const turn = useRef(0);
  /** Begun, or about to be. */
  const wanted = useRef(false);
  const state = useSignal<'off' | 'on' | 'recording' | 'playing'>('off');
  const problem = useSignal<Key | null>(null);

  const stop = () => {
    turn.current += 1;
    wanted.current = false;
    check.current?.stop();
    check.current = null;
    state.value = 'off';
  };
  /** Unplugged, or taken away. */
  const gone = (whose: number) => {
    if (turn.current !== whose) return;
    stop();
    problem.value = 'checkGone';
  };
  const start = async () => {
    stop();
    const mine = turn.current;
    wanted.current = true;
    problem.value = null;
    heard.value = false;
    try {
      const begun = await Check.start(
        settings.processing(),
        (now) => {
          level.value = now;
          if (now < HEARD_DBOV) heard.value = true;
        },
        () => gone(mine),
      );
      if (turn.current !== mine) {
        begun.stop();
        return;
      }
      check.current = begun;
      state.value = 'on';
      void lookForDevices();
    } catch (error) {
      if (turn.current !== mine) return;
      wanted.current = false;
      problem.value = error instanceof CaptureError ? PROBLEM[error.failure] : 'micBroken';
    }
  };
  const record = async () => {
    const mine = turn.current;
    state.value = 'recording';
    // It throws where there is nothing left to record.
    const play = await check.current!.record().catch(() => gone(mine));
    if (play === undefined || turn.current !== mine) return;
    state.value = 'playing';
    await play(settings.speakerId.value);
    if (turn.current === mine) state.value = 'on';
  };
  useEffect(() => stop, []);
  useEffect(() => {
    if (ends) stop();
  }, [ends]);
  useEffect(
    () =>
      onChange(settings.processing, () => {
        if (wanted.current) void start();
      }),
    [],
  );

  return (
    <div class="settings-inside">
      {state.value === 'off' ? (
        <button class="button" type="button" data-testid="check-start" onClick={start}>
          <MicrophoneIcon />
          {t('checkStart')}
        </button>
      ) : (
        <>
          <div class="meter" role="img" aria-label={t('checkLevel')} data-testid="check-level" data-heard={heard.value}>
            <Level of={level} />
          </div>
          <p role="status">{t(MESSAGE[state.value] ?? (heard.value ? 'checkSpeak' : 'checkSilent'))}</p>
          <button
            class="button"
            type="button"
            data-testid="check-record"
            disabled={state.value !== 'on'}
            onClick={record}
          >
            {t('checkRecord')}
          </button>
        </>
      )}
      {problem.value !== null && (
        <p class="problem" role="alert">
          {t(problem.value)}
        </p>
      )}
      <button
        class="button"
        type="button"
        data-testid="check-speaker"
        onClick={() => void playSound(settings.volume.value, settings.speakerId.value)}
      >
        <SpeakerIcon />
        {t('checkSpeaker')}
      </button>
    </div>
  );
}

const MESSAGE: { [state in 'on' | 'recording' | 'playing']?: Key } = {
  recording: 'checkRecording',
  playing: 'checkPlaying',
};

const PROBLEM: Record<CaptureError['failure'], Key> = {
  refused: 'micRefused',
  missing: 'micMissing',
  busy: 'micBusy',
  insecure: 'insecure',
  withheld: 'micWithheld',
  broken: 'micBroken',
};
