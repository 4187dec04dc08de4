// Six digits in place of a link, and how long to wait after too many wrong ones.

import { useEffect, useState } from 'preact/hooks';
import type { PinProblem } from './explain.ts';
import { t } from './words.ts';

const DIGITS = 6;
const SECOND_MS = 1_000;

export function PinForm({ problem, enter }: { problem: PinProblem; enter: (pin: string) => void }) {
  const [pin, setPin] = useState('');
  const waitS = useCountdown(problem.waitS);
  const whole = pin.length === DIGITS;
  return (
    <form
      class="pin"
      onSubmit={(event) => {
        event.preventDefault();
        if (whole && waitS === 0) enter(pin);
      }}
    >
      <label class="field">
        <span>{t('pin')}</span>
        <input
          data-testid="pin"
          type="text"
          inputMode="numeric"
          autocomplete="one-time-code"
          enterkeyhint="go"
          maxLength={2 * DIGITS}
          value={pin}
          aria-invalid={problem.words !== null}
          aria-describedby="pin-problem"
          onInput={(event) => {
            // Digits may be read out, and typed, in groups.
            const digits = event.currentTarget.value.replace(/\D/g, '').slice(0, DIGITS);
            event.currentTarget.value = digits;
            setPin(digits);
          }}
        />
      </label>
      <p id="pin-problem" class="problem" data-testid="pin-problem">
        {waitS > 0 ? t('pinWait', { seconds: waitS }) : problem.words === null ? '' : t(problem.words)}
      </p>
      <button class="button primary" type="submit" data-testid="pin-enter" disabled={!whole || waitS > 0}>
        {t('pinEnter')}
      </button>
    </form>
  );
}

/** Seconds that are left of so many. */
function useCountdown(seconds: number): number {
  const [left, setLeft] = useState(seconds);
  useEffect(() => {
    const until = Date.now() + seconds * SECOND_MS;
    const look = () => setLeft(Math.max(0, Math.ceil((until - Date.now()) / SECOND_MS)));
    look();
    const timer = setInterval(look, SECOND_MS / 4);
    return () => clearInterval(timer);
  }, [seconds]);
  return left;
}
