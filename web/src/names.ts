// Names from and for outside, by the rules of PROTOCOL.md, so that a person is told before the relay refuses.

export const MAX_NAME_CHARACTERS = 32;
const ROOM = /^[a-z0-9-]{1,32}$/;
/** Control characters, and marks that reorder or hide the text around them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;

/** The room of a path: `/r/{room}`, and `lobby` where none is named. Null: not a room's name. */
export function roomOf(path: string): string | null {
  const [, room] = /^\/r\/([^/]*)\/?$/.exec(path) ?? [];
  if (room === undefined || room === '') return 'lobby';
  return ROOM.test(room) ? room : null;
}

export const isRoomName = (name: string): boolean => ROOM.test(name);

/** What is wrong with a display name; null where nothing is. */
export function nameProblem(name: string): 'nameMissing' | 'nameTooLong' | 'nameHidden' | null {
  const trimmed = name.trim();
  if (trimmed === '') return 'nameMissing';
  if ([...trimmed].length > MAX_NAME_CHARACTERS) return 'nameTooLong';
  return hides(trimmed) ? 'nameHidden' : null;
}

/** Whether a text has characters that the relay takes in no name and no line. */
export const hides = (text: string): boolean => HIDDEN.test(text);

/** One or two letters that stand for a name. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const first = [...(words[0] ?? '')][0] ?? '?';
  const last = words.length > 1 ? ([...words.at(-1)!][0] ?? '') : '';
  return (first + last).toUpperCase();
}
