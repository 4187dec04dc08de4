/** Root mean square of samples from `from`, full scale 1. */
export function rms(samples: Float32Array, from = 0, to = samples.length): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += samples[i]! ** 2;
  return Math.sqrt(sum / Math.max(1, to - from));
}

/** Audio level as it travels: −dBov, 0 (loudest) to 127 (digital silence), RFC 6464. */
export const audioLevel = (samples: Float32Array): number => levelOf(rms(samples));

export const levelOf = (value: number): number =>
  value === 0 ? 127 : Math.min(127, Math.max(0, Math.round(-20 * Math.log10(value))));
