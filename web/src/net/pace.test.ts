// Proves: the pace decides what the golden vectors say, which the relay's own tests read too.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Pace } from './pace.ts';

interface Course {
  name: string;
  ptime_us: number;
  packet_bytes: number;
  budget_us: number;
  steps: ['wrote' | 'drained', number, number, number][];
}

const courses = JSON.parse(
  readFileSync(new URL('../../../samples/wire/pace.json', import.meta.url), 'utf8'),
) as Course[];

test.each(courses)('$name', (course) => {
  const pace = new Pace(course.ptime_us, course.packet_bytes, course.budget_us);
  for (const [what, atUs, bytes, limit] of course.steps) {
    pace[what](atUs, bytes);
    expect(pace.limit, `${what} at ${atUs}`).toBe(limit);
  }
});
